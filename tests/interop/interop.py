# SPDX-License-Identifier: Apache-2.0
"""Proves that transformers 4.57 and 5 load what Rankscope saves, and compute the same with it.

Tiny models of several kinds are saved by transformers itself, compressed by Rankscope in each
storage, and loaded again: dense saves by plain transformers, the others with trust_remote_code.
Nothing may be missing, unexpected or mismatched, and the logits must equal, to 1e-5, those of the
original model whose weights were replaced by NumPy's float64 truncated SVD.

slim_cases.py does the same for `--method slim`, whose plain saves CTranslate2 and optimum (in the
environment of version 4) take too. After that package_test.py tests the Python package `rankscope` with the same versions.

  interop.py --cli PATH --work FOLDER [--python4 PATH] [--python5 PATH]

makes one virtual environment for each version in FOLDER unless its Python is given. Prints a line
PASS or FAIL for each case; the exit code is the number of versions that failed.
"""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv

import slim_cases

HERE = pathlib.Path(__file__).resolve().parent
TOLERANCE = 1e-5
RANK = 5
STORAGES = ("dense", "factored", "pivoted", "auto")
SIZES = dict(vocab_size=160, d_model=32, d_kv=8, d_ff=64, num_heads=4, num_layers=2,
             num_decoder_layers=2, initializer_factor=1.0, dropout_rate=0.0)
# name: (what differs from SIZES, tied head, largest shard)
MODELS = {
    "v1.1 untied gated": (dict(feed_forward_proj="gated-gelu"), False, None),
    "v1.0 tied relu": (dict(feed_forward_proj="relu"), True, None),
    "depths 1 and 3": (dict(feed_forward_proj="gated-gelu", num_layers=1, num_decoder_layers=3),
                       False, None),
    "inner 24, d_model 32": (dict(feed_forward_proj="gated-gelu", num_heads=3), False, None),
    "sharded": (dict(feed_forward_proj="gated-gelu"), False, "60KB"),
}
# Besides all linear matrices, a selection that leaves some dense and cuts the head.
TARGETS = {"all": "all", "attention and head": "attention,head"}


def make_source(folder, differences, tied, shard):
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(7)
    config = T5Config(**{**SIZES, **differences}, tie_word_embeddings=tied,
                      decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    if not tied:
        # Version 5 ties every head while it builds the model: an untied one gets its own weight.
        model.lm_head.weight = torch.nn.Parameter(
            torch.randn_like(model.lm_head.weight) * config.d_model**-0.5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "relative" not in name and not name.startswith("shared"):
                weight.copy_(torch.randn_like(weight) * weight.shape[1] ** -0.5)
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    if not tied:
        # As every published untied T5 says it.
        path = pathlib.Path(folder) / "config.json"
        text = json.loads(path.read_text())
        text["tie_word_embeddings"] = False
        path.write_text(json.dumps(text, indent=2))
    if shard:
        assert (pathlib.Path(folder) / "model.safetensors.index.json").exists()


def logits_of(model):
    import torch

    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(2, 150, (3, 11), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    decoder_ids = torch.randint(2, 150, (3, 6), generator=generator)
    with torch.no_grad():
        return model.eval()(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids,
                            use_cache=False).logits


def is_chosen(name, targets):
    if targets == "all":
        return name.split(".")[-2] in ("q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo")
    return name == "lm_head.weight" or name.split(".")[-2] in ("q", "k", "v", "o")


def load(folder, remote):
    from transformers import AutoModelForSeq2SeqLM

    model, info = AutoModelForSeq2SeqLM.from_pretrained(
        folder, trust_remote_code=remote, output_loading_info=True)
    bad = {key: value for key, value in info.items() if value}
    assert not bad, f"loading info is not empty: {bad}"
    return model


def truncated_reference(source, targets):
    """The original model with each chosen weight replaced by NumPy's truncated SVD."""
    import numpy
    import torch

    model = load(source, False)
    changed = 0
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not is_chosen(name, targets):
                continue
            u, s, vt = numpy.linalg.svd(weight.double().numpy(), full_matrices=False)
            weight.copy_(torch.from_numpy((u[:, :RANK] * s[:RANK]) @ vt[:RANK]))
            changed += 1
    return model, changed


def check(source, saved, storage, targets):
    import torch

    plain = storage == "dense"
    reference, changed = truncated_reference(source, targets)
    model = load(saved, not plain)
    record = json.loads((saved / "rankscope.json").read_text())
    assert len(record["layers"]) == changed, (len(record["layers"]), changed)
    low_rank = [m for m in model.modules() if type(m).__name__ in ("FactoredLinear", "PivotedLinear")]
    assert len(low_rank) == (0 if plain else changed), (len(low_rank), changed)
    expected, got = logits_of(reference), logits_of(model)
    apart = (expected - got).abs().max().item()
    scale = expected.abs().max().item()
    assert apart <= TOLERANCE * max(1.0, scale), f"logits differ by {apart:.3g} of {scale:.3g}"
    original = (logits_of(load(source, False)) - got).abs().max().item()
    assert original > 100 * TOLERANCE, "the compressed model equals the original"
    again = saved.with_name(saved.name + "-again")
    model.save_pretrained(again)
    if not plain:
        for name in ("modeling_rankscope_t5.py", "configuration_rankscope_t5.py"):
            shutil.copy(saved / name, again / name)
    assert torch.equal(logits_of(load(again, not plain)), got), "saved by transformers, it differs"
    return apart


def check_generate(saved, storage):
    import torch

    model = load(saved, storage != "dense").eval()
    ids = torch.arange(2, 12).unsqueeze(0)
    out = model.generate(input_ids=ids, max_new_tokens=6, do_sample=False)
    assert out.shape[0] == 1 and out.shape[1] <= 7


def run_cases(cli, work):
    """All cases with the transformers of this Python."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    failed = 0
    for name, (differences, tied, shard) in MODELS.items():
        source = work / name.replace(" ", "-").replace(",", "")
        make_source(source, differences, tied, shard)
        for (label, targets), storage in itertools.product(TARGETS.items(), STORAGES):
            if tied and "head" in targets:
                targets, label = "attention", "attention"
            title = f"transformers {transformers.__version__}: {name}, {label}, {storage}"
            saved = source.with_name(f"{source.name}-{label.replace(' ', '-')}-{storage}")
            try:
                done = subprocess.run([cli, "compress", source, "--targets", targets, "--rank",
                                       str(RANK), "--storage", storage, "--out", saved],
                                      capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
                apart = check(source, saved, storage, targets)
                # generate() of 4.57 and 5.23 sizes its cache by num_layers and raises IndexError
                # where the decoder is deeper, on the original model too.
                if name != "depths 1 and 3":
                    check_generate(saved, storage)
                print(f"PASS {title} (largest difference {apart:.2g})", flush=True)
            except Exception as error:  # every case is to be reported
                failed += 1
                print(f"FAIL {title}: {type(error).__name__}: {error}", flush=True)
    return failed


def environment(work, version):
    """Python of the virtual environment for one version, made if it is not there."""
    folder = work / f"venv-{version}"
    python = folder / "bin" / "python"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r",
                        HERE / f"requirements-{version}.txt"], check=True)
        done.touch()
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--python4", type=pathlib.Path)
    parser.add_argument("--python5", type=pathlib.Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cli = arguments.cli.resolve()
    work = arguments.work.absolute()
    if arguments.inside:
        failed = run_cases(cli, work) + slim_cases.run_cases(cli, work, sys.modules[__name__])
        sys.exit(1 if failed else 0)
    work.mkdir(parents=True, exist_ok=True)
    failed = 0
    for version, given in (("4", arguments.python4), ("5", arguments.python5)):
        python = given or environment(work, version)
        models = work / f"models-{version}"
        shutil.rmtree(models, ignore_errors=True)
        models.mkdir()
        # Remote code is copied into a cache by its folder's name; each run gets an empty one.
        variables = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(models / "home"),
                     "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run([python, __file__, "--inside", "--cli", cli, "--work", models],
                              env=variables, check=False)
        package = subprocess.run([python, HERE / "package_test.py", "--cli", cli, "--work",
                                  models / "package"], env=variables, check=False)
        failed += done.returncode != 0 or package.returncode != 0
    print("interop: " + ("passed" if not failed else f"{failed} of 2 versions failed"))
    sys.exit(failed)


if __name__ == "__main__":
    main()
