# SPDX-License-Identifier: Apache-2.0
"""./dev bench builds --old FOLDER [--new FOLDER]: whether one build is slower than another.

FOLDER holds rankscope-cli and rankscope-bench-evaluate (build/release/bin, of another worktree).
All spectra of a checkpoint of Flan-T5-base's shape, loss, greedy and beam search on it, and a Pareto
front of the demo: both builds take turns in one run. Prints a Markdown table of median seconds; ends
with an error if the two give different ids or losses.
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "contenders"))
import checkpoints
from dialogues import samsum_like
from worker import Worker

BUILT = HERE.parent / "build" / "release" / "bin"


def row(name, run, rounds):
    """`run(who)` gives seconds; who begins changes from round to round."""
    seconds = {"old": [], "new": []}
    for i in range(rounds):
        for who in ("old", "new") if i % 2 == 0 else ("new", "old"):
            seconds[who].append(run(who))
    middle = {who: statistics.median(times) for who, times in seconds.items()}
    shown = [f"{middle[who]:.2f} ({min(times):.2f} - {max(times):.2f})"
             for who, times in seconds.items()]
    print(f"| {name} | {shown[0]} | {shown[1]} | {middle['new'] / middle['old']:.3f} |", flush=True)


def commands(programs, work, model, rounds):
    environment = {**os.environ, **{f"XDG_{kind}_HOME": str(work / kind.lower())
                                    for kind in ("CACHE", "CONFIG", "STATE")}}

    def seconds(who, *words):
        begin = time.perf_counter()
        subprocess.run([programs[who] / "rankscope-cli", *words, "--quiet", "--no-cache"],
                       env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin
    row("spectra", lambda who: seconds(who, "spectrum", model, "--targets", "all"), rounds)
    data = HERE.parent / "resources" / "demo" / "test.json"
    row("pareto of the demo", lambda who: seconds(
        who, "pareto", "demo", "--data", data, "--limit", "40", "--budgets", "0.5:0.9:0.1",
        "--methods", "svd", "--allocations", "uniform,water-filling"), rounds)


def requests():
    sources, targets = samsum_like(random.Random(3), 128, checkpoints.BASE.vocabulary)
    long = [(source * 20)[:192] for source in sources[:8]]
    generate = {"task": "generate", "sources": long, "new_tokens": 48}
    return {"loss of 64": {"task": "loss", "sources": sources[:64], "targets": targets[:64],
                           "token_budget": 8192},
            "greedy, 8 x 48 tokens": {**generate, "beams": 1},
            "beam 4, 8 x 48 tokens": {**generate, "beams": 4}}


def models(programs, model, rounds):
    """False if the two builds give other results."""
    threads, equal = len(os.sched_getaffinity(0)), True
    words = (model, threads, "cpu")
    with Worker([programs["old"] / "rankscope-bench-evaluate", *words], threads) as old, \
         Worker([programs["new"] / "rankscope-bench-evaluate", *words], threads) as new:
        workers = {"old": old, "new": new}
        for name, request in requests().items():
            answers = [worker.ask(request) for worker in workers.values()]
            for key in ("ids", "sum"):
                if answers[0].get(key) != answers[1].get(key):
                    print(f"{name}: the builds give different {key}.", file=sys.stderr)
                    equal = False
            row(name, lambda who: workers[who].ask(request)["seconds"], rounds)
    return equal


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=pathlib.Path, required=True)
    parser.add_argument("--new", type=pathlib.Path, default=BUILT)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    programs = {"old": arguments.old.resolve(), "new": arguments.new.resolve()}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        checkpoints.write_checkpoint(work / "base", checkpoints.BASE,
                                     checkpoints.TorchNumbers(seed=7, device="cpu"))
        print("| | old, s | new, s | new / old |\n|---|---|---|---|")
        commands(programs, work, work / "base", arguments.rounds)
        return 0 if models(programs, work / "base", arguments.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
