# SPDX-License-Identifier: Apache-2.0
"""What `--method slim` saves: loaded by transformers, CTranslate2 and optimum.

Tiny models with the demo's tokenizer, and the demo itself, are cut by Rankscope. The reference is
the original architecture with the written numbers in their places and zeros in all others, which
needs neither Rankscope's Python class nor a smaller config. Its logits must be met to 1e-5, and
its greedy summaries token by token, by every program and by Rankscope itself.
"""

import itertools
import json
import pathlib
import shutil
import subprocess

DEMO = pathlib.Path(__file__).resolve().parents[2] / "resources" / "demo"
TOLERANCE = 1e-5
DIALOGUES = 20
NEW_TOKENS = 30
SIZES = dict(vocab_size=1100, d_model=48, d_kv=12, d_ff=80, num_heads=4, num_layers=2,
             num_decoder_layers=2, initializer_factor=1.0, dropout_rate=0.0)
# name: (what differs from SIZES, tied head); None: the demo
MODELS = {
    "demo": None,
    "v1.0 tied relu": (dict(feed_forward_proj="relu"), True),
    # Not deeper in the decoder: transformers cannot generate with such a model.
    "inner 36, depths 2 and 1": (dict(feed_forward_proj="gated-gelu", num_heads=3,
                                      num_decoder_layers=1), False),
}


def make_source(folder, differences, tied, base):
    base.make_source(folder, {**SIZES, **differences}, tied, None)
    for path in DEMO.iterdir():
        if path.name.startswith(("tokenizer", "spiece", "special")):
            shutil.copy(path, folder)


def run(cli, *words):
    done = subprocess.run([cli, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def places(sizes, width):
    """Where the dimensions that are left are among heads of `width`."""
    return [head * width + i for head, size in enumerate(sizes) for i in range(size)]


def padded_reference(source, saved, plain):
    """The original model with the saved numbers among zeros."""
    import torch
    from safetensors.torch import load_file
    from transformers import T5ForConditionalGeneration

    model = T5ForConditionalGeneration.from_pretrained(source)
    config = json.loads((saved / "config.json").read_text())
    own = {} if plain else config["rankscope"]["sizes"]
    weights = load_file(saved / "model.safetensors")
    changed = 0
    with torch.no_grad():
        for name, full in model.named_parameters():
            if name not in weights or weights[name].shape == full.shape:
                if name in weights:
                    full.copy_(weights[name])
                continue
            layer, role = name.removesuffix(".weight").rsplit(".", 1)
            out = role in ("o", "wo")
            if role.startswith("w"):
                kept = list(range(weights[name].shape[1 if out else 0]))
            elif plain:
                kept = places([config["d_kv"]] * config["num_heads"], model.config.d_kv)
            else:
                kept = places(own[layer]["scores" if role in "qk" else "values"],
                              model.config.d_kv)
            full.zero_()
            full[(slice(None), kept) if out else (kept,)] = weights[name]
            changed += 1
    assert changed > 10, changed
    return model.eval()


def encoded(folder):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    dialogues = json.loads((DEMO / "test.json").read_text())[:DIALOGUES]
    return [tokenizer("summarize: " + d["dialogue"])["input_ids"] for d in dialogues]


def greedy(model, sources):
    import torch

    summaries = []
    for ids in sources:
        with torch.no_grad():
            out = model.generate(input_ids=torch.tensor([ids]), max_new_tokens=NEW_TOKENS,
                                 do_sample=False, num_beams=1)[0].tolist()
        summaries.append(until_end(out[1:]))
    return summaries


def until_end(ids):
    return ids[:ids.index(1)] if 1 in ids else ids[:NEW_TOKENS]


def by_rankscope(cli, saved, work):
    data = work / "dialogues.json"
    data.write_text(json.dumps(json.loads((DEMO / "test.json").read_text())[:DIALOGUES]))
    document = json.loads(run(cli, "generate", saved, "--data", data, "--beams", 1,
                              "--max-new-tokens", NEW_TOKENS, "--json", "--quiet"))
    return [until_end(output["ids"]) for output in document["outputs"]]


def by_ctranslate2(saved, sources, work):
    import ctranslate2
    from transformers import AutoTokenizer

    folder = work / (saved.name + "-ctranslate2")
    ctranslate2.converters.TransformersConverter(str(saved)).convert(str(folder))
    tokenizer = AutoTokenizer.from_pretrained(saved)
    translator = ctranslate2.Translator(str(folder), device="cpu", compute_type="float32")
    tokens = [tokenizer.convert_ids_to_tokens(ids) for ids in sources]
    results = translator.translate_batch(tokens, beam_size=1, max_decoding_length=NEW_TOKENS,
                                         max_batch_size=1)
    return [until_end(tokenizer.convert_tokens_to_ids(r.hypotheses[0])) for r in results]


def by_optimum(saved, sources, expected, base, work):
    """Logits and greedy summaries of ONNX Runtime."""
    from optimum.onnxruntime import ORTModelForSeq2SeqLM

    folder = work / (saved.name + "-onnx")
    model = ORTModelForSeq2SeqLM.from_pretrained(saved, export=True, use_cache=True)
    model.save_pretrained(folder)
    model.eval = lambda: model  # it has no training mode; logits_of asks for the other
    apart = (base.logits_of(model) - expected).abs().max().item()
    return apart, greedy(model, sources)


def installed(module):
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it
        return False


def check(cli, source, saved, plain, base, work):
    reference = padded_reference(source, saved, plain)
    model = base.load(saved, not plain).eval()
    expected = base.logits_of(reference)
    scale = max(1.0, expected.abs().max().item())
    apart = (base.logits_of(model) - expected).abs().max().item()
    assert apart <= TOLERANCE * scale, f"logits differ by {apart:.3g} of {scale:.3g}"
    said = f"largest difference {apart:.2g}"
    sources = encoded(source)
    summaries = greedy(reference, sources)
    assert len({tuple(s) for s in summaries}) > 1, "all summaries are alike"
    for program, ids in (("transformers", greedy(model, sources)),
                         ("Rankscope", by_rankscope(cli, saved, work))):
        assert ids == summaries, f"{program} gives other summaries"
    if not plain:
        return said
    if installed("ctranslate2"):
        assert by_ctranslate2(saved, sources, work) == summaries, "CTranslate2 gives others"
        said += "; CTranslate2"
    if installed("optimum.onnxruntime"):
        apart, ids = by_optimum(saved, sources, expected, base, work)
        assert apart <= TOLERANCE * scale, f"optimum: logits differ by {apart:.3g}"
        assert ids == summaries, "optimum gives other summaries"
        said += f"; optimum, largest difference {apart:.2g}"
    return said


def run_cases(cli, work, base):
    """All cases with the transformers of this Python; gives how many failed."""
    import transformers

    failed = 0
    for name, shape in MODELS.items():
        source = work / ("slim-" + name.replace(" ", "-").replace(",", ""))
        if shape is None:
            shutil.copytree(DEMO, source)
        else:
            make_source(source, *shape, base)
        calibration = source.with_name(source.name + ".h5")
        run(cli, "calibrate", source, "--data", DEMO / "calibration.json", "--samples", 30,
            "--held-out", 10, "--out", calibration)
        for storage, dtype in itertools.product(("plain", "sizes"), ("F32", "BF16")):
            title = f"transformers {transformers.__version__}: slim, {name}, {storage}, {dtype}"
            saved = source.with_name(f"{source.name}-{storage}-{dtype}")
            try:
                run(cli, "compress", source, "--method", "slim", "--storage", storage, "--budget",
                    0.75, "--calibration", calibration, "--ridge", 0.01, "--dtype", dtype, "--out",
                    saved)
                if dtype == "BF16":  # compared in float32, as Rankscope reads it
                    upcast(saved)
                said = check(cli, source, saved, storage == "plain", base, work)
                print(f"PASS {title} ({said})", flush=True)
            except Exception as error:  # every case is to be reported
                failed += 1
                print(f"FAIL {title}: {type(error).__name__}: {error}", flush=True)
    return failed


def upcast(saved):
    from safetensors.torch import load_file, save_file

    path = saved / "model.safetensors"
    save_file({k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()},
              path, metadata={"format": "pt"})
    config = saved / "config.json"
    text = json.loads(config.read_text())
    for key in ("torch_dtype", "dtype"):
        if key in text:
            text[key] = "float32"
    config.write_text(json.dumps(text))
