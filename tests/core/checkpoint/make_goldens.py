# SPDX-License-Identifier: Apache-2.0
"""Writes the golden files of this folder's tests: python3 make_goldens.py [v4|v5]

Needs numpy, safetensors, torch and transformers. Without an argument it writes values.safetensors
(by safetensors' own writer) and values.json (what numpy and torch read in it); with v4 or v5 it
writes the folder that transformers 4 or 5 saves for a tiny T5, and what torch holds in it.
The tests never run this; made with safetensors 0.8.0, transformers 4.57 and 5.23.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "goldens"


def exact(tensor):
    """Values as texts that keep every bit."""
    return [float(v).hex() for v in tensor.detach().to(torch.float64).flatten().tolist()]


def values():
    generator = torch.Generator().manual_seed(7)
    edges = torch.tensor([0.0, -0.0, 1.0, -1.5, 65504.0, 6.103515625e-05, 5.9604644775390625e-08,
                          float("inf"), float("-inf"), float("nan"), 1 / 3, 2049.0])
    random = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    tensors = {
        "edges.f16": edges.to(torch.float16),
        "edges.bf16": edges.to(torch.bfloat16),
        "edges.f32": edges,
        "random.f16": random.to(torch.float16),
        "random.bf16": random.to(torch.bfloat16),
        "random.f32": random.to(torch.float32),
        "random.f64": random,
        "counts.i64": torch.tensor([3, -1, 2**62]),
        "flags.bool": torch.tensor([[True, False, True]]),
        "empty.f32": torch.zeros(0, 4),
        "scalar.f32": torch.tensor(2.5),
    }
    save_file(tensors, HERE / "values.safetensors", metadata={"format": "pt"})
    text = {name: {"shape": list(t.shape), "values": exact(t)}
            for name, t in tensors.items() if t.is_floating_point()}
    (HERE / "values.json").write_text(json.dumps(text, indent=1) + "\n")


def model(version):
    from transformers import T5Config, T5ForConditionalGeneration
    torch.manual_seed(11)
    config = T5Config(vocab_size=12, d_model=6, d_kv=2, d_ff=8, num_layers=1, num_decoder_layers=2,
                      num_heads=2, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                      decoder_start_token_id=0)
    # Version 5 ties the models it makes; an untied model reaches it as one of version 4.
    net = (T5ForConditionalGeneration(config) if version == "v4"
           else T5ForConditionalGeneration.from_pretrained(HERE / "transformers_v4"))
    folder = HERE / f"transformers_{version}"
    net.save_pretrained(folder)
    state = {name: list(t.shape) for name, t in net.state_dict().items()}
    facts = {"parameters": sum(p.numel() for p in net.parameters()),
             "shapes": state,
             "q": exact(net.encoder.block[0].layer[0].SelfAttention.q.weight),
             "is_gated_act": config.is_gated_act, "dense_act_fn": config.dense_act_fn}
    (HERE / f"transformers_{version}.json").write_text(json.dumps(facts) + "\n")


HERE.mkdir(exist_ok=True)
if len(sys.argv) > 1:
    model(sys.argv[1])
else:
    values()
