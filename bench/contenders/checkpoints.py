# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the shapes of Flan-T5 with seeded random weights whose spectra decay as those of
trained weights do. Arrays come from PyTorch; small ones, where it is missing, from plain Python."""
import array
import ctypes
import json
import random
import shutil
import struct
from dataclasses import dataclass

PART = ".part"  # ending of a folder's or file's name until it is whole


@dataclass(frozen=True)
class Shape:
    d_model: int
    d_kv: int
    d_ff: int
    heads: int
    layers: int
    vocabulary: int = 32128


BASE = Shape(d_model=768, d_kv=64, d_ff=2048, heads=12, layers=12)
LARGE = Shape(d_model=1024, d_kv=64, d_ff=2816, heads=16, layers=24)


def linear_shapes(shape):
    """Names and sizes [out, in] of all matrices but embedding and head, in the model's order."""
    inner, width = shape.heads * shape.d_kv, shape.d_model
    attention = [("q", (inner, width)), ("k", (inner, width)), ("v", (inner, width)),
                 ("o", (width, inner))]
    feed_forward = [("wi_0", (shape.d_ff, width)), ("wi_1", (shape.d_ff, width)),
                    ("wo", (width, shape.d_ff))]
    sizes = {}
    for stack in ("encoder", "decoder"):
        parts = ["SelfAttention"] + (["EncDecAttention"] if stack == "decoder" else [])
        for block in range(shape.layers):
            prefix = f"{stack}.block.{block}.layer"
            for index, part in enumerate(parts):
                for role, size in attention:
                    sizes[f"{prefix}.{index}.{part}.{role}.weight"] = size
            for role, size in feed_forward:
                sizes[f"{prefix}.{len(parts)}.DenseReluDense.{role}.weight"] = size
    return sizes


def other_shapes(shape):
    """Embedding, head, tables of position biases and norms."""
    table = (shape.vocabulary, shape.d_model)
    sizes = {"shared.weight": table, "lm_head.weight": table}
    for stack, norms in (("encoder", 2), ("decoder", 3)):
        sizes[f"{stack}.final_layer_norm.weight"] = (shape.d_model,)
        sizes[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = (
            32, shape.heads)
        for block in range(shape.layers):
            for layer in range(norms):
                sizes[f"{stack}.block.{block}.layer.{layer}.layer_norm.weight"] = (shape.d_model,)
    return sizes


def config(shape):
    return {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5",
            "d_model": shape.d_model, "d_kv": shape.d_kv, "d_ff": shape.d_ff,
            "num_heads": shape.heads, "num_layers": shape.layers,
            "num_decoder_layers": shape.layers, "vocab_size": shape.vocabulary,
            "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
            "relative_attention_num_buckets": 32, "layer_norm_epsilon": 1e-6,
            "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}


class TorchNumbers:
    """Seeded float32 arrays on a device of PyTorch."""

    def __init__(self, seed, device="cpu"):
        import torch
        self.torch, self.device = torch, device
        self.generator = torch.Generator(device).manual_seed(seed)

    def normal(self, rows, columns):
        return self.torch.randn(rows, columns, generator=self.generator, device=self.device)

    def scaled_columns(self, a, factors):
        return a * self.torch.tensor(factors, device=self.device)

    def sum(self, a, factor, b):
        return a + factor * b

    def product(self, a, b):
        return a @ b

    def transposed(self, a):
        return a.T

    def bytes(self, a, factor):
        values = (a * factor).contiguous().cpu()
        return ctypes.string_at(values.data_ptr(), 4 * values.numel())  # numpy() would need numpy


class ListNumbers:
    """The same with lists of rows, for checkpoints of a few thousand numbers."""

    def __init__(self, seed):
        self.generator = random.Random(seed)

    def normal(self, rows, columns):
        return [[self.generator.gauss(0, 1) for _ in range(columns)] for _ in range(rows)]

    def scaled_columns(self, a, factors):
        return [[x * factor for x, factor in zip(row, factors)] for row in a]

    def sum(self, a, factor, b):
        return [[x + factor * y for x, y in zip(*rows)] for rows in zip(a, b)]

    def product(self, a, b):
        columns = list(zip(*b))
        return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]

    def transposed(self, a):
        return [list(column) for column in zip(*a)]

    def bytes(self, a, factor):
        return array.array("f", (x * factor for row in a for x in row)).tobytes()


def decaying_matrix(numbers, rows, columns):
    """Noise plus a signal with power-law singular values, as trained weights look. The entries'
    standard deviation is about 0.045 if min(rows, columns) is 768."""
    if rows < columns:
        return numbers.transposed(decaying_matrix(numbers, columns, rows))
    directions = min(96, columns)
    # Columns of unequal size make the rest of the spectrum fall instead of a flat bulk.
    sizes = [0.04 * (1.5 - 1.4 * i / (columns - 1)) for i in range(columns)]
    strength = [4.0 * (i + 1) ** -0.7 for i in range(directions)]
    noise = numbers.scaled_columns(numbers.normal(rows, columns), sizes)
    left = numbers.scaled_columns(numbers.normal(rows, directions), strength)
    signal = numbers.product(left, numbers.normal(directions, columns))
    return numbers.sum(noise, 0.04 / directions**0.5, signal)


def tensor_bytes(numbers, name, size, shape):
    """One tensor in float32. Scales are those that T5 starts training with: its attention does not
    divide by sqrt(d_kv), so q does; logits are a few units wide."""
    if len(size) == 1:
        return array.array("f", [1.0] * size[0]).tobytes()
    if name in linear_shapes(shape):
        factor = shape.d_kv**-0.5 if name.endswith(".q.weight") else 1.0
        if shape.d_model < 512:  # a narrow model's sums have fewer terms
            factor *= (768 / shape.d_model) ** 0.5
        return numbers.bytes(decaying_matrix(numbers, *size), factor)
    factor = {"shared.weight": 1.0, "lm_head.weight": 3 * shape.d_model**-0.5}.get(name, 0.2)
    return numbers.bytes(numbers.normal(*size), factor)


def write_checkpoint(folder, shape, numbers):
    """config.json and model.safetensors in `folder`, which appears when they are whole."""
    sizes = {**linear_shapes(shape), **other_shapes(shape)}
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, size in sizes.items():
        count = 4
        for length in size:
            count *= length
        header[name] = {"dtype": "F32", "shape": list(size), "data_offsets": [offset, offset + count]}
        offset += count
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = folder.with_name(folder.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with open(part / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, size in sizes.items():
            file.write(tensor_bytes(numbers, name, size, shape))
    (part / "config.json").write_text(json.dumps(config(shape), indent=1) + "\n")
    part.rename(folder)


def read_header(file):
    """The header of an open safetensors file, and where its tensors begin."""
    length = struct.unpack("<Q", file.read(8))[0]
    return json.loads(file.read(length)), 8 + length


def linear_names(folder):
    """The matrices of linear_shapes() that a checkpoint has."""
    with open(folder / "model.safetensors", "rb") as file:
        header, _ = read_header(file)
    return [name for name, entry in header.items()
            if ".layer." in name and "relative" not in name and len(entry["shape"]) == 2]


def read_matrices(folder, names):
    """Float32 tensors of PyTorch [out, in], read one at a time."""
    import torch
    with open(folder / "model.safetensors", "rb") as file:
        header, start = read_header(file)
        for name in names:
            begin, end = header[name]["data_offsets"]
            file.seek(start + begin)
            values = bytearray(file.read(end - begin))
            yield name, torch.frombuffer(values, dtype=torch.float32).reshape(header[name]["shape"])
