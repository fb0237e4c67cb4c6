# SPDX-License-Identifier: Apache-2.0
"""Makes goldens/: tiny T5 models and what transformers computes with them (generation apart:
make_generation_goldens.py).

Run with two environments, in this order, from anywhere:
  Python 3.11, transformers 4.57.6, torch 2.15.0 (CPU), numpy 2.4.6, safetensors 0.8.0
      python make_goldens.py            kinds A, B, C, C2, E, F and functions.json
  Python 3.11, transformers 5.23.0, the other versions the same
      python make_goldens.py            kind D (the same script sees which version it runs under)

goldens/KIND/config.json, generation_config.json, model.safetensors
    as transformers writes them; weights are stored in float16, all figures are float32 arithmetic
    on exactly those values, eager attention, CPU
goldens/KIND/activations.safetensors
    encoder.N, decoder.N [tokens, d_model]: output_hidden_states; logits [tokens, vocabulary]; each
    the unpadded rows of the batch one after the other; kind A: logits.bfloat16 too
goldens/KIND/cases.json
    sources, decoder_inputs, targets (ids), loss_sums and loss_tokens (each target by itself),
    batch_loss (all targets as one padded batch with -100)
goldens/functions.json
    gelu_new, gelu, silu, relu; RMS norm in float32 and bfloat16; relative position buckets
"""

import json
import pathlib
import shutil
import tempfile

import safetensors.torch
import torch
import transformers
from transformers import T5Config, T5ForConditionalGeneration

FOLDER = pathlib.Path(__file__).resolve().parent / "goldens"
VERSION = int(transformers.__version__.split(".")[0])
SOURCE_LENGTHS = [3, 17, 29, 40]
DECODER_LENGTHS = [1, 6, 13, 20]
TARGET_LENGTHS = [2, 7, 12, 19]

COMMON = dict(num_heads=3, d_kv=8, decoder_start_token_id=0, dropout_rate=0.1)
SMALL = dict(COMMON, d_model=24, d_ff=40, num_heads=2, vocab_size=120)
# kind: configuration, seed of weights and ids, the transformers that makes it
KINDS = {
    # v1.1: untied, gated; inner width 24 differs from d_model
    "A": (dict(COMMON, d_model=32, d_ff=64, num_layers=2, num_decoder_layers=2, vocab_size=160,
               feed_forward_proj="gated-gelu", tie_word_embeddings=False), 4, 4),
    # v1.0: tied (the head's input is scaled), relu without a gate
    "B": (dict(SMALL, num_layers=2, num_decoder_layers=2, feed_forward_proj="relu",
               tie_word_embeddings=True), 15, 4),
    # more encoder than decoder blocks, few position buckets, another epsilon
    "C": (dict(SMALL, num_layers=3, num_decoder_layers=2, feed_forward_proj="gated-gelu",
               tie_word_embeddings=False, relative_attention_num_buckets=16,
               relative_attention_max_distance=24, layer_norm_epsilon=1e-5), 6, 4),
    # more decoder than encoder blocks
    "C2": (dict(SMALL, num_layers=2, num_decoder_layers=3, feed_forward_proj="gated-gelu",
                tie_word_embeddings=False), 21, 4),
    # config.json of transformers 5: tie_word_embeddings true for a model that is not tied
    "D": (dict(SMALL, num_layers=2, num_decoder_layers=2, feed_forward_proj="gated-gelu",
               tie_word_embeddings=False), 37, 5),
    # explicit keys that contradict feed_forward_proj: a gate, and gelu by erf
    "E": (dict(SMALL, num_layers=2, num_decoder_layers=2, feed_forward_proj="relu",
               is_gated_act=True, dense_act_fn="gelu", tie_word_embeddings=False), 1, 4),
    # vocabulary made larger by resize_token_embeddings, to an odd number of rows
    "F": (dict(SMALL, num_layers=2, num_decoder_layers=2, feed_forward_proj="gated-gelu",
               tie_word_embeddings=False), 23, 4),
}
RESIZED_VOCABULARY = 133
EOS_GAIN = 2.0


def fill(model, generator):
    """Weights drawn so that logits lie far apart and outputs do not run in circles. The seeds
    were chosen so that the rows of a batch reach </s> at different steps, some never."""
    tied = model.lm_head.weight is model.shared.weight
    done = set()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.data_ptr() in done:
                continue
            done.add(weight.data_ptr())
            values = torch.randn(weight.shape, generator=generator)
            if "layer_norm" in name:
                values = 1 + 0.25 * values
                if tied and name.startswith("decoder.final"):
                    values *= 6
            elif "lm_head" in name:
                values *= 2.5 / weight.shape[1] ** 0.5
            elif "shared" not in name and "relative_attention_bias" not in name:
                values *= (3 if name.endswith("o.weight") else 1.5) / weight.shape[1] ** 0.5
            elif tied and "shared" in name:
                values *= 0.4  # else an embedding finds itself as the best next token
            if "lm_head" in name or (tied and "shared" in name):
                values[1] *= EOS_GAIN  # </s> is reached, at different steps
            weight.copy_(values.half().float())


def save(kind):
    """Writes the model's folder; returns it as read back, in float32."""
    config, seed, _ = KINDS[kind]
    generator = torch.Generator().manual_seed(seed)
    model = T5ForConditionalGeneration(T5Config(**config))
    if not config["tie_word_embeddings"]:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    fill(model, generator)
    if kind == "F":
        model.resize_token_embeddings(RESIZED_VOCABULARY, mean_resizing=False)
        fill(model, generator)
    folder = FOLDER / kind
    shutil.rmtree(folder, ignore_errors=True)
    if kind == "D":
        model = through_version_4(model, config)
    model.half().save_pretrained(folder)
    return load(folder), generator


def through_version_4(model, config):
    """Reads the model back from a folder as transformers 4 would have left it: transformers 5
    ties head and embedding while it builds a model, and unties them if a file has both."""
    with tempfile.TemporaryDirectory() as folder:
        weights = {k: v for k, v in model.state_dict().items() if "embed_tokens" not in k}
        safetensors.torch.save_file(weights, f"{folder}/model.safetensors", {"format": "pt"})
        document = dict(config, architectures=["T5ForConditionalGeneration"], model_type="t5",
                        pad_token_id=0, eos_token_id=1)
        write_json(pathlib.Path(folder, "config.json"), document)
        model = load(folder)
    assert not torch.equal(model.lm_head.weight, model.shared.weight)
    return model


def load(folder):
    model = T5ForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def draw(lengths, vocabulary, generator, first=(), last=()):
    """Random ordinary ids, `lengths` of them with `first` in front and `last` at the end."""
    rows = []
    for length in lengths:
        count = length - len(first) - len(last)
        ids = torch.randint(3, vocabulary, (count,), generator=generator).tolist()
        rows.append([*first, *ids, *last])
    return rows


def padded(rows, value=0):
    """The rows padded on the right, and the mask of the real tokens."""
    ids = torch.full((len(rows), max(map(len, rows))), value)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = torch.tensor(row)
        mask[i, :len(row)] = 1
    return ids, mask


def rows_of(values, rows):
    """[batch, length, width] -> the unpadded rows, [tokens, width]."""
    return torch.cat([values[i, :len(row)] for i, row in enumerate(rows)]).float().contiguous()


def forward(model, cases):
    sources, mask = padded(cases["sources"])
    inputs, _ = padded(cases["decoder_inputs"])
    return model(input_ids=sources, attention_mask=mask, decoder_input_ids=inputs, use_cache=False,
                 output_hidden_states=True)


def losses(model, cases):
    """Each target alone, and all of them as one batch."""
    sums, counts = [], []
    for source, target in zip(cases["sources"], cases["targets"]):
        output = model(input_ids=torch.tensor([source]), labels=torch.tensor([target]),
                       use_cache=False)
        sums.append(output.loss.item() * len(target))
        counts.append(len(target))
    sources, mask = padded(cases["sources"])
    labels, _ = padded(cases["targets"], -100)
    batch = model(input_ids=sources, attention_mask=mask, labels=labels, use_cache=False)
    return dict(loss_sums=sums, loss_tokens=counts, batch_loss=batch.loss.item())


def make(kind):
    model, generator = save(kind)
    vocabulary = model.config.vocab_size
    cases = dict(
        transformers=transformers.__version__,
        sources=draw(SOURCE_LENGTHS, vocabulary, generator, last=[1]),
        decoder_inputs=draw(DECODER_LENGTHS, vocabulary, generator, first=[0]),
        targets=draw(TARGET_LENGTHS, vocabulary, generator, last=[1]))
    with torch.no_grad():
        output = forward(model, cases)
        tensors = {}
        for side in ("encoder", "decoder"):
            rows = cases["sources" if side == "encoder" else "decoder_inputs"]
            for i, state in enumerate(getattr(output, side + "_hidden_states")):
                tensors[f"{side}.{i}"] = rows_of(state, rows)
        tensors["logits"] = rows_of(output.logits, cases["decoder_inputs"])
        cases.update(losses(model, cases))
        if kind == "A":
            half = forward(model.to(torch.bfloat16), cases)
            tensors["logits.bfloat16"] = rows_of(half.logits, cases["decoder_inputs"])
    safetensors.torch.save_file(tensors, FOLDER / kind / "activations.safetensors",
                                {"format": "pt"})
    write_json(FOLDER / kind / "cases.json", cases)


def write_json(path, document):
    """One line per top-level key."""
    compact = dict(separators=(",", ":"))
    lines = [f"{json.dumps(k)}: {json.dumps(v, **compact)}" for k, v in document.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def functions():
    from transformers.activations import ACT2FN
    from transformers.models.t5.modeling_t5 import T5Attention, T5LayerNorm
    x = torch.tensor([-8.0, -3.0, -1.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.0, 2.0, 3.0, 8.0])
    document = dict(transformers=transformers.__version__, x=x.tolist())
    for name in ("gelu_new", "gelu", "silu", "relu"):
        document[name] = ACT2FN[name](x).tolist()
    generator = torch.Generator().manual_seed(11)
    rows = (torch.randn(3, 8, generator=generator) * torch.tensor([[1.0], [100.0], [1e-4]]))
    weight = 1 + 0.25 * torch.randn(8, generator=generator)
    norm = T5LayerNorm(8, eps=1e-6)
    with torch.no_grad():
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            norm.weight.data = weight.to(dtype)
            document[f"norm_{name}"] = dict(input=rows.to(dtype).tolist(),
                                            weight=norm.weight.tolist(),
                                            output=norm(rows.to(dtype)).tolist())
    relative = torch.arange(-300, 301)
    for name, both in (("encoder", True), ("decoder", False)):
        for buckets, distance in ((32, 128), (16, 24)):
            key = f"buckets_{name}_{buckets}_{distance}"  # entry i is of relative position i - 300
            document[key] = T5Attention._relative_position_bucket(
                relative, bidirectional=both, num_buckets=buckets, max_distance=distance).tolist()
    write_json(FOLDER / "functions.json", document)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for kind, (_, _, version) in KINDS.items():
        if version == VERSION:
            make(kind)
            print("made", kind)
    if VERSION == 4:
        functions()
