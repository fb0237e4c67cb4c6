# SPDX-License-Identifier: Apache-2.0
"""T5 whose weight matrices are partly stored in low rank (made by Rankscope).

A module of rank r in place of nn.Linear(in, out), both without bias:
  factored: y = up(down(x)), r * (in + out) numbers;
  pivoted:  r outputs come from `down`, the others are combinations of them (`mix`), and output
            rows[i] is the i-th of both together: r * (in + out) - r * r numbers.
The full matrix is never rebuilt.
"""

import torch
from torch import nn
from transformers import T5ForConditionalGeneration

from .configuration_rankscope_t5 import RankscopeT5Config


class LowRankLinear(nn.Module):
    def __init__(self, in_features, out_features, rank):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.down = nn.Linear(in_features, rank, bias=False)

    @property
    def weight(self):
        # T5's own code asks a linear layer's weight for its dtype and device, and fills it when
        # it initialises a new model. The first factor answers for the whole.
        return self.down.weight


class FactoredLinear(LowRankLinear):
    def __init__(self, in_features, out_features, rank):
        super().__init__(in_features, out_features, rank)
        self.up = nn.Linear(rank, out_features, bias=False)

    def forward(self, x):
        return self.up(self.down(x))


class PivotedLinear(LowRankLinear):
    def __init__(self, in_features, out_features, rank):
        super().__init__(in_features, out_features, rank)
        self.mix = nn.Linear(rank, out_features - rank, bias=False)
        self.register_buffer("rows", torch.arange(out_features, dtype=torch.int64))

    def forward(self, x):
        pivots = self.down(x)
        y = torch.cat([pivots, self.mix(pivots)], dim=-1)
        return torch.zeros_like(y).index_copy(-1, self.rows, y)


STORAGES = {"factored": FactoredLinear, "pivoted": PivotedLinear}


class RankscopeT5ForConditionalGeneration(T5ForConditionalGeneration):
    config_class = RankscopeT5Config

    def __init__(self, config):
        super().__init__(config)
        record = config.rankscope
        if not record["tied_head"]:
            # transformers 5 ties every T5's head while it builds the model; an untied one needs a
            # weight of its own, and its name taken off the list of tied weights.
            self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
            tied = self._tied_weights_keys
            if isinstance(tied, dict):
                self._tied_weights_keys = {k: v for k, v in tied.items() if k != "lm_head.weight"}
            else:
                self._tied_weights_keys = [k for k in tied or [] if k != "lm_head.weight"]
        for name, form in record["modules"].items():
            parent_name, _, child_name = name.rpartition(".")
            parent = self.get_submodule(parent_name)
            linear = getattr(parent, child_name)
            low_rank = STORAGES[form["storage"]]
            setattr(parent, child_name,
                    low_rank(linear.in_features, linear.out_features, form["rank"]))
        self.post_init()

    def _init_weights(self, module):
        # Also called for modules that are complete; a pivoted module's rows are never initialised
        # again.
        if not isinstance(module, LowRankLinear):
            super()._init_weights(module)
