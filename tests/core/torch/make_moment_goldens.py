# SPDX-License-Identifier: Apache-2.0
"""Makes goldens/KIND/moments.safetensors for the kinds A, B and C: what hooks in transformers see
of the calm models (make_calm_goldens.py) over the sources and targets of cases.json.

Run with the first environment of make_goldens.py. Every example runs by itself, without padding.
Sums are float64, stored as float32. Modules whose input is one and the same tensor object share an
entry under the name of the first that ran.

input.NAME.second [in, in], input.NAME.absolute [in]
    Σ x xᵀ and Σ |x| over tokens
gradient.MODULE.second [out, out], gradient.MODULE.columns [in]
    Σ g gᵀ over tokens, g = ∂(Σ -log p)/∂y; Σ over examples and rows of (∂loss/∂W)², both by
    autograd. The head has no second; where it is tied, its part of the gradient is gᵀ x.
"""

import json

import safetensors.torch
import torch

import make_calm_goldens
import make_goldens

KINDS = ["A", "B", "C"]


class Sums:
    def __init__(self, model):
        self.model = model
        self.sums = {}
        self.linears = {name: module for name, module in model.named_modules()
                        if isinstance(module, torch.nn.Linear)}
        for name, module in self.linears.items():
            module.register_forward_hook(self.hook(name))

    def hook(self, name):
        def seen(_module, inputs, output):
            self.seen[name] = (inputs[0], output)  # kept, so that no other object takes its id
            output.retain_grad()
        return seen

    def add(self, key, value):
        value = value.detach().double()
        self.sums[key] = self.sums.get(key, 0) + value

    def example(self, source, target):
        self.seen = {}
        self.model.zero_grad()
        output = self.model(input_ids=torch.tensor([source]), labels=torch.tensor([target]),
                            use_cache=False)
        (output.loss * len(target)).backward()
        known = set()
        for name, (x, y) in self.seen.items():
            rows, g = x[0].detach().double(), y.grad[0].double()
            if id(x) not in known:
                known.add(id(x))
                self.add(f"input.{name}.second", rows.T @ rows)
                self.add(f"input.{name}.absolute", rows.abs().sum(0))
            if name != "lm_head":
                self.add(f"gradient.{name}.second", g.T @ g)
            weight = self.linears[name].weight
            tied = weight is self.model.shared.weight
            self.add(f"gradient.{name}.columns",
                     ((g.T @ rows) if tied else weight.grad.double()).square().sum(0))


def make(kind):
    folder = make_goldens.FOLDER / kind
    cases = json.loads((folder / "cases.json").read_text())
    sums = Sums(make_calm_goldens.calm(make_goldens.load(folder)))
    for source, target in zip(cases["sources"], cases["targets"]):
        sums.example(source, target)
    tensors = {name: value.float().contiguous() for name, value in sums.sums.items()}
    safetensors.torch.save_file(tensors, folder / "moments.safetensors", {"format": "pt"})
    print(kind, sorted(name for name in tensors if name.endswith("absolute")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind in KINDS:
        make(kind)
