# SPDX-License-Identifier: Apache-2.0
"""Makes goldens/KIND/calm.safetensors and calm.json: what transformers computes with the models of
make_goldens.py, their weights made smaller by powers of two.

The weights as they stand keep logits far apart, for generation; that makes them amplify rounding,
so that transformers in float32 and in float64 are up to 5e-4 apart. Made smaller as FACTORS says,
they are below 3e-6 apart (this script checks it), and states can be compared to 1e-5.

Run with the two environments of make_goldens.py (kind D: transformers 5.23.0).

calm.safetensors
    encoder.N, decoder.N [tokens, d_model]: output_hidden_states; logits [tokens, vocabulary];
    logits.bfloat16: the same computed in bfloat16; each the unpadded rows one after the other
calm.json
    factors (end of a matrix's name: factor), loss_sums, loss_tokens, batch_loss as in cases.json,
    whose ids they belong to
"""

import json
import sys

import safetensors.torch
import torch
import transformers

import make_goldens

FACTORS = {"Attention.q.weight": 0.0625, "Attention.o.weight": 0.25, "wo.weight": 0.25,
           "relative_attention_bias.weight": 0.5, "final_layer_norm.weight": 0.25}


def calm(model):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            for end, factor in FACTORS.items():
                if name.endswith(end):
                    weight.mul_(factor)
    return model


def states(model, cases):
    output = make_goldens.forward(model, cases)
    tensors = {}
    for side in ("encoder", "decoder"):
        rows = cases["sources" if side == "encoder" else "decoder_inputs"]
        for i, state in enumerate(getattr(output, side + "_hidden_states")):
            tensors[f"{side}.{i}"] = make_goldens.rows_of(state, rows)
    tensors["logits"] = make_goldens.rows_of(output.logits, cases["decoder_inputs"])
    return tensors


def in_float64(model, cases):
    """The same with every step in float64, casts to float32 among them."""
    module = sys.modules[type(model).__module__]
    norm, cast = module.T5LayerNorm.forward, torch.Tensor.float

    def wide_norm(self, x):
        variance = x.pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + self.variance_epsilon))

    module.T5LayerNorm.forward = wide_norm
    torch.Tensor.float = lambda x: x if x.dtype == torch.float64 else cast(x)
    try:
        output = make_goldens.forward(model.double(), cases)
    finally:
        module.T5LayerNorm.forward, torch.Tensor.float = norm, cast
    rows = cases["decoder_inputs"]
    return torch.cat([output.logits[i, :len(row)] for i, row in enumerate(rows)])


def make(kind):
    folder = make_goldens.FOLDER / kind
    cases = json.loads((folder / "cases.json").read_text())
    with torch.no_grad():
        model = calm(make_goldens.load(folder))
        tensors = states(model, cases)
        figures = dict(transformers=transformers.__version__, factors=FACTORS,
                       **make_goldens.losses(model, cases))
        half = calm(make_goldens.load(folder)).to(torch.bfloat16)
        tensors["logits.bfloat16"] = states(half, cases)["logits"]
        apart = (in_float64(model, cases) - tensors["logits"].double()).abs().max().item()
    print(kind, "float32 and float64 are", apart, "apart")
    assert apart < 3e-6
    safetensors.torch.save_file(tensors, folder / "calm.safetensors", {"format": "pt"})
    make_goldens.write_json(folder / "calm.json", figures)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind, (_, _, version) in make_goldens.KINDS.items():
        if version == make_goldens.VERSION:
            make(kind)
