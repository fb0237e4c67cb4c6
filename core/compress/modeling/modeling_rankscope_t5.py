# SPDX-License-Identifier: Apache-2.0
"""T5 whose weight matrices are of low rank or of their own sizes (made by Rankscope).

A module of rank r in place of nn.Linear(in, out), both without bias:
  factored: y = up(down(x)), r * (in + out) numbers;
  pivoted:  r outputs come from `down`, the others are combinations of them (`mix`), and output
            rows[i] is the i-th of both together: r * (in + out) - r * r numbers.
The full matrix is never rebuilt.

An attention whose heads have sizes of their own has q, k, v with fewer rows and o with fewer
columns. T5 does not divide scores by a root, so that zeros behind a head change nothing: heads are
filled up to the widest one before they are mixed, and cut again after.
"""

from functools import partial

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


def filled(sizes, width, _module, _arguments, y):
    """Heads of these sizes as heads of one width."""
    heads = y.split(sizes, dim=-1)
    return torch.cat([nn.functional.pad(h, (0, width - h.shape[-1])) for h in heads], dim=-1)


def cut(sizes, width, _module, arguments):
    """The inverse."""
    heads = arguments[0].split(width, dim=-1)
    return (torch.cat([h[..., :size] for h, size in zip(heads, sizes)], dim=-1),)


def smaller(linear, inputs=None, outputs=None):
    return nn.Linear(inputs or linear.in_features, outputs or linear.out_features, bias=False)


def cut_attention(attention, scores, values):
    width = max(*scores, *values)
    attention.key_value_proj_dim = width
    attention.inner_dim = width * len(scores)
    attention.q = smaller(attention.q, outputs=sum(scores))
    attention.k = smaller(attention.k, outputs=sum(scores))
    attention.v = smaller(attention.v, outputs=sum(values))
    attention.o = smaller(attention.o, inputs=sum(values))


def fill_heads(attention, scores, values):
    width = attention.key_value_proj_dim
    for linear, sizes in ((attention.q, scores), (attention.k, scores), (attention.v, values)):
        linear.register_forward_hook(partial(filled, sizes, width))
    attention.o.register_forward_pre_hook(partial(cut, values, width))


def cut_feed_forward(feed_forward, units):
    for name in ("wi", "wi_0", "wi_1"):
        if hasattr(feed_forward, name):
            setattr(feed_forward, name, smaller(getattr(feed_forward, name), outputs=units))
    feed_forward.wo = smaller(feed_forward.wo, inputs=units)


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
        attentions = []
        for name, sizes in record.get("sizes", {}).items():
            if "units" in sizes:
                cut_feed_forward(self.get_submodule(name), sizes["units"])
            else:
                cut_attention(self.get_submodule(name), sizes["scores"], sizes["values"])
                attentions.append((name, sizes))
        for name, form in record["modules"].items():
            parent_name, _, child_name = name.rpartition(".")
            parent = self.get_submodule(parent_name)
            linear = getattr(parent, child_name)
            low_rank = STORAGES[form["storage"]]
            setattr(parent, child_name,
                    low_rank(linear.in_features, linear.out_features, form["rank"]))
        for name, sizes in attentions:
            fill_heads(self.get_submodule(name), sizes["scores"], sizes["values"])
        self.post_init()

    def _init_weights(self, module):
        # Also called for modules that are complete; a pivoted module's rows are never initialised
        # again.
        if not isinstance(module, LowRankLinear):
            super()._init_weights(module)
