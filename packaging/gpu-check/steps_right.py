# SPDX-License-Identifier: Apache-2.0
"""The steps that show that the device computes what the CPU does."""
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import checkpoints
from dialogues import samsum_like
from findings import Skip
from programs import MEASURING, TEST_PROGRAM, Failed, Programs, installed

SMALL = checkpoints.Shape(d_model=64, d_kv=16, d_ff=128, heads=4, layers=2, vocabulary=512)


# --- installing and looking around --------------------------------------------------------------

def install(f):
    if f.context["cli"]:
        f.keep(cli=f.context["cli"])
        f.fact("made", True)
        f.status("skipped", "--cli names an installed program.")
        return
    wheel = pathlib.Path(f.context["wheel"] or "/nonexistent")
    if not wheel.is_file():
        raise Failed("There is no wheel: `./dev package gpu-check` packs it, --wheel names one.")
    target = f.work / "installed"
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-cache-dir",
         "--disable-pip-version-check", "--target", str(target), str(wheel)],
        env={**os.environ, "PIP_USER": "0", "PIP_BREAK_SYSTEM_PACKAGES": "1"})
    f.check("pip installs the wheel", f"status {done.returncode}", "status 0", done.returncode == 0)
    if done.returncode != 0:
        f.note("The wheel was unpacked by hand, so that the other steps have a program.")
        shutil.rmtree(target, ignore_errors=True)
        zipfile.ZipFile(wheel).extractall(target)
    f.fact("seconds of pip", round(time.monotonic() - start, 1))
    folder = target / "rankscope" / "_program" / "bin"
    for program in [*MEASURING, TEST_PROGRAM]:
        source = pathlib.Path(f.context["programs"]) / program
        if source.is_file():
            shutil.copy2(source, folder / program)
        else:
            f.check(f"{program} was packed", "missing", "there", False)
    for program in folder.iterdir():
        program.chmod(0o755)
    f.fact("wheel, bytes", wheel.stat().st_size)
    f.keep(cli=str(folder / "rankscope-cli"))
    f.fact("made", (folder / "rankscope-cli").is_file())


def doctor(f):
    programs = Programs(f)
    start = time.monotonic()
    facts = programs.run("doctor")
    f.fact("seconds", round(time.monotonic() - start, 2))
    torch = facts["libtorch"]
    for name in ("version", "blas", "threads", "cuda_built", "gpus"):
        f.fact(name, torch.get(name))
    f.fact("missing", facts["missing"])
    f.check("LibTorch is loaded", torch["available"], "true", torch["available"])
    if f.device.startswith("cuda"):
        f.check("A GPU is found", len(torch.get("gpus", [])), ">= 1", bool(torch.get("gpus")))


# --- the tests labelled cuda --------------------------------------------------------------------

OUTCOME = re.compile(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] ([\w/]+\.[\w/]+)")


def test_round(programs, done, seconds):
    """Runs what is not `done` yet: outcome by test, and whether the program came to its end."""
    command = [programs.folder / TEST_PROGRAM, "--gtest_color=no"]
    if done:
        command.append("--gtest_filter=-" + ":".join(done))
    try:
        run = subprocess.run([str(word) for word in command], env=programs.environment,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
        text, status = run.stdout.decode(errors="replace"), run.returncode
    except subprocess.TimeoutExpired as late:
        text, status = (late.stdout or b"").decode(errors="replace"), None
    sys.stderr.write(text)
    outcomes = {}
    for word, name in OUTCOME.findall(text.split("tests ran.")[0]):
        outcomes[name] = {"RUN": "crashed", "OK": "passed"}.get(word, word.lower())
    if status is None:
        outcomes = {name: word for name, word in outcomes.items() if word != "crashed"}
    why = re.search(r"no GPU: .*", text)
    return outcomes, status, why.group(0) if why else ""


def tests(f):
    """A crash ends one test, not those after it: they run in a process of their own."""
    programs = Programs(f)
    if not (programs.folder / TEST_PROGRAM).is_file():
        raise Failed(f"{TEST_PROGRAM} is not beside {programs.cli}.")
    outcomes, why = {}, ""
    for _ in range(8):
        new, status, reason = test_round(programs, outcomes, max(5, f.left() - 5))
        outcomes.update(new)
        why = why or reason
        if status in (0, 1):
            break
        if status is None or not new:
            f.check("The tests come to their end", "stopped after their time" if status is None
                    else f"status {status}", "status 0", False)
            break
    counts = {word: sum(1 for one in outcomes.values() if one == word)
              for word in ("passed", "failed", "crashed", "skipped")}
    f.fact("tests", counts)
    if why:
        if f.device == "cpu":
            raise Skip(f"{len(outcomes)} tests skipped: {why}")
        f.check("The tests find a GPU", why, "a GPU", False)
        return
    for word in ("failed", "crashed"):
        names = [name for name, one in outcomes.items() if one == word]
        f.check(f"Tests that {word}", ", ".join(names) or "none", "none", not names)
    f.check("Tests that passed", counts["passed"], ">= 1", counts["passed"] > 0)


# --- the demo model, by the commands that users call --------------------------------------------

def commands(f, data, out):
    """Name -> words of rankscope-cli, all on the demo model. What calibrate writes, pareto reads."""
    limit = ["--data", data, "--limit", 8 if f.small else 24]
    tokens = ["--max-new-tokens", 12 if f.small else 40]
    return {
        "spectrum": ["spectrum", "demo", "--targets", "all"],
        "greedy": ["generate", "demo", *limit, *tokens],
        "beam 4": ["generate", "demo", *limit, *tokens, "--beams", 4],
        "bfloat16": ["generate", "demo", *limit, *tokens, "--compute", "bfloat16"],
        "loss": ["evaluate", "demo", *limit, "--metrics", "loss", "--no-cache"],
        "factored": ["compress", "demo", "--targets", "all", "--rank", 20, "--storage", "factored",
                     "--out", out / "factored"],
        "pivoted": ["compress", "demo", "--targets", "all", "--rank", 20, "--storage", "pivoted",
                    "--out", out / "pivoted"],
        "random vectors": ["random-vectors", "demo", "--targets", "attention", "--rank", 10],
        "calibrate": ["calibrate", "demo", *limit, "--samples", 4, "--held-out", 4, "--fisher",
                      "--out", out / "calibration.h5"],
        "pareto": ["pareto", "demo", "--targets", "attention", "--calibration",
                   out / "calibration.h5", *limit, "--metrics", "loss", "--budgets", "0.8:0.8:0.1",
                   "--methods", "svd,whitened,fisher2", "--allocations", "uniform"]}


def all_commands(f, programs, how, data, out):
    """The documents of all commands with the options `how`; an exception instead where one fails."""
    out.mkdir(parents=True, exist_ok=True)

    def one(words):
        try:
            return programs.run(*words, *how)
        except (Failed, ValueError) as error:
            return error
    words = commands(f, data, out)
    last = words.pop("pareto")
    with ThreadPoolExecutor(min(4, programs.threads)) as pool:
        documents = dict(zip(words, pool.map(one, words.values())))
    documents["pareto"] = one(last)
    return documents


def worst(values):
    """The largest of them; infinite where one is no number or there is none."""
    values = list(values)
    return max(values) if values and all(x == x for x in values) else float("inf")


def relative(a, b):
    return abs(a - b) / abs(b) if b else abs(a - b)


def spectra_apart(a, b):
    """Largest |s - s'| of σ1 over matrices of the same names, and how many there are."""
    ours, theirs = ({entry["name"]: entry["singular_values"] for entry in document["spectra"]}
                    for document in (a, b))
    if ours.keys() != theirs.keys():
        return float("inf"), 0
    return worst(abs(x - y) / theirs[name][0] for name in theirs
                 for x, y in zip(ours[name], theirs[name])), len(theirs)


def same_ids(f, what, a, b):
    equal = [x["ids"] == y["ids"] for x, y in zip(a["outputs"], b["outputs"])]
    f.check(f"ids equal the CPU's: {what}", f"{sum(equal)} of {len(equal)}", "all",
            all(equal) and len(a["outputs"]) == len(b["outputs"]) > 0)


def by_name(document, key, value):
    return {entry["name"]: entry[value] for entry in document[key]}


def largest_apart(a, b):
    return worst(relative(a[name], b[name]) for name in b) if a.keys() == b.keys() else float("inf")


def compare_demo(f, ours, cpu):
    apart, count = spectra_apart(ours["spectrum"], cpu["spectrum"])
    f.at_most(f"singular values of {count} matrices, of σ1", apart, 1e-7)
    same_ids(f, "demo, greedy", ours["greedy"], cpu["greedy"])
    same_ids(f, "demo, beam 4", ours["beam 4"], cpu["beam 4"])
    f.at_most("loss of the demo, relative", relative(*(
        document["loss"]["runs"][0]["loss"]["token_mean"] for document in (ours, cpu))), 1e-4)
    for form in ("factored", "pivoted"):
        f.at_most(f"errors of {form} layers, relative", largest_apart(
            *(by_name(document[form], "layers", "relative_error") for document in (ours, cpu))), 1e-6)
    f.at_most("cosines of random vectors, relative", largest_apart(
        *(by_name(document["random vectors"], "results", "cosine_pooled")
          for document in (ours, cpu))), 1e-6)
    f.check("tokens of the calibration", ours["calibrate"]["tokens"], cpu["calibrate"]["tokens"],
            ours["calibrate"]["tokens"] == cpu["calibrate"]["tokens"])
    losses = [[point["loss"] for point in document["pareto"]["points"]] for document in (ours, cpu)]
    f.at_most("losses of a front of three methods, relative",
              worst(map(relative, *losses)), 1e-3)


def demo(f):
    here = Programs(f)
    data = here.demo() / "test.json"
    on_device = ["--device", f.device] + (["--threads", 1] if f.device == "cpu" else [])
    ours = all_commands(f, here, on_device, data, f.work / "demo-device")
    cpu = all_commands(f, Programs(f, "cpu"), ["--device", "cpu"], data, f.work / "demo-cpu")
    failures = {f"{name}, {where}": document for where, documents in
                ((f.device, ours), ("cpu reference", cpu))
                for name, document in documents.items() if isinstance(document, Exception)}
    f.check("commands that failed", "; ".join(f"{name}: {error}" for name, error in
                                              failures.items()) or "none", "none", not failures)
    for documents in (ours, cpu):
        for name, document in documents.items():
            if isinstance(document, Exception):
                documents[name] = None
    try:
        compare_demo(f, ours, cpu)
    except TypeError:  # of a document that is not there
        f.note("What comes after the first missing document could not be compared.")


# --- the base shape -----------------------------------------------------------------------------

def make(f, name, shape):
    """A generated checkpoint in the work folder."""
    folder = f.work / name
    if folder.exists():
        return folder
    start = time.monotonic()
    if installed("torch"):
        numbers = checkpoints.TorchNumbers(seed=7, device=torch_device(f))
    elif f.small:
        numbers = checkpoints.ListNumbers(seed=7)
    else:
        raise Skip("PyTorch is not installed, which makes the model.")
    checkpoints.write_checkpoint(folder, shape, numbers)
    size = (folder / "model.safetensors").stat().st_size
    f.fact(f"{name}: seconds, bytes", [round(time.monotonic() - start, 1), size])
    return folder


def torch_device(f):
    """The device as this Python's PyTorch has it."""
    import torch
    return f.device if f.device == "cpu" or torch.cuda.is_available() else "cpu"


def model(f):
    shape = SMALL if f.small else checkpoints.BASE
    folder = make(f, "base", shape)
    f.keep(base=str(folder), vocabulary=shape.vocabulary)
    f.fact("made", True)


def compare_answers(f, ours, cpu, requests):
    """Ids and the loss of two workers of rankscope-bench-evaluate."""
    for name, request in requests.items():
        if f.left() < 5:
            f.note(f"No time was left for {name}.")
            continue
        a, b = ours.ask(request), cpu.ask(request)
        if request["task"] == "loss":
            f.at_most("loss of the base shape, relative",
                      relative(a["sum"] / a["tokens"], b["sum"] / b["tokens"]), 1e-4)
            continue
        equal = [x == y for x, y in zip(a["ids"], b["ids"])]
        first = "" if all(equal) else "; first at token " + ", ".join(
            str(next(i for i, (x, y) in enumerate(zip(p, q)) if x != y))
            for p, q in zip(a["ids"], b["ids"]) if p != q)
        f.check(f"ids equal the CPU's: base shape, {name}", f"{sum(equal)} of {len(equal)}{first}",
                "all", all(equal))


def parity(f):
    """Decompositions are compared where they are timed."""
    programs, folder = Programs(f), f.state["base"]
    count = 4 if f.small else 16
    sources, targets = samsum_like(random.Random(3), count, f.state["vocabulary"])
    tokens = 8 if f.small else 32
    requests = {
        "loss": {"task": "loss", "sources": sources, "targets": targets, "token_budget": 8192},
        "greedy": {"task": "generate", "sources": sources, "beams": 1, "new_tokens": tokens},
        "beam 4": {"task": "generate", "sources": sources, "beams": 4, "new_tokens": tokens}}
    words = ("rankscope-bench-evaluate", folder, programs.threads)
    with programs.worker(*words, f.device) as ours, programs.worker(*words, "cpu") as cpu:
        compare_answers(f, ours, cpu, requests)


STEPS = {"install": install, "doctor": doctor, "tests": tests, "demo": demo, "model": model,
         "parity": parity}
