# SPDX-License-Identifier: Apache-2.0
"""./dev bench pareto: one `pareto` over 16 settings against 16 times `plan` and `evaluate --plan`.

A checkpoint with Flan-T5-base's matrices in fewer layers and spectra that decay, the demo's tokenizer
and dialogues; the same loss of the same dialogues on both sides, none of them in the calibration.
Every round starts with an empty cache on both sides; within a round the 16 runs keep theirs, so that
spectra and the dense model's loss are computed once there too. Prints a Markdown table and the ratios
round by round, of seconds and of processor seconds (which other work on the machine moves less), and
ends with an error if the losses differ or a median ratio is below the goal.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import spectra

GOAL = 4.0
METHODS = ["svd", "whitened"]
ALLOCATIONS = ["uniform", "water-filling"]
BUDGETS = [0.55, 0.65, 0.75, 0.85]
TARGETS = ["--targets", "attention,ffn"]


def run(arguments, cache, *words):
    done = subprocess.run(
        [arguments.cli, *map(str, words), "--json", "--quiet", "--threads", str(arguments.threads)],
        capture_output=True, text=True, env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout)


def prepare(arguments):
    folder = spectra.base_checkpoint(arguments.work, arguments.layers)
    shutil.copy("resources/demo/tokenizer.json", folder)
    rows = json.loads(pathlib.Path("resources/demo/test.json").read_text())
    data = arguments.work / "pareto-dialogues.json"
    data.write_text(json.dumps(rows[:arguments.dialogues]))
    return folder, data


def together(arguments, cache, folder, calibration, data):
    front = run(arguments, cache, "pareto", folder, *TARGETS, "--calibration", calibration, "--data",
                data, "--metrics", "loss", "--methods", ",".join(METHODS), "--allocations",
                ",".join(ALLOCATIONS), "--budgets", ",".join(map(str, BUDGETS)))
    return {(point["method"], point["allocation"], point["budget"]): point["loss"]
            for point in front["points"]}


def one_by_one(arguments, cache, folder, calibration, data):
    losses = {}
    for method in METHODS:
        for allocation in ALLOCATIONS:
            for budget in BUDGETS:
                plan = cache / "plan.json"
                run(arguments, cache, "plan", folder, *TARGETS, "--calibration", calibration,
                    "--method", method, "--allocation", allocation, "--budget", budget, "--out", plan)
                result = run(arguments, cache, "evaluate", folder, "--plan", plan, "--data", data,
                             "--metrics", "loss")
                losses[method, allocation, budget] = result["runs"][1]["loss"]["token_mean"]
    return losses


def timed(work, arguments, *words):
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        before = os.times()
        start = time.perf_counter()
        losses = work(arguments, pathlib.Path(name), *words)
        seconds = time.perf_counter() - start
        after = os.times()
    processor = (after.children_user + after.children_system - before.children_user -
                 before.children_system)
    return losses, seconds, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default="build/bench")
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--dialogues", type=int, default=32)
    arguments = parser.parse_args()

    arguments.work.mkdir(parents=True, exist_ok=True)
    folder, data = prepare(arguments)
    times = {"pareto": [], "16 plans, each evaluated": []}
    processor = {name: [] for name in times}
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        calibration = pathlib.Path(name) / "calibration.h5"
        run(arguments, pathlib.Path(name), "calibrate", folder, "--data",
            "resources/demo/calibration.json", "--samples", 64, "--held-out", 8, "--out", calibration)
        apart = 0.0
        for _ in range(arguments.rounds):
            found = []
            for label, work in zip(times, [together, one_by_one]):
                losses, seconds, spent = timed(work, arguments, folder, calibration, data)
                times[label].append(seconds)
                processor[label].append(spent)
                found.append(losses)
            apart = max([apart] + [abs(found[0][key] - loss) / loss
                                   for key, loss in found[1].items()])

    print(f"{spectra.machine()}; {arguments.threads} threads, {arguments.rounds} rounds, "
          f"{arguments.layers} + {arguments.layers} layers, {arguments.dialogues} dialogues\n")
    print("| | median s | fastest - slowest | processor s |\n|---|---|---|---|")
    for label, values in times.items():
        print(f"| {label} | {statistics.median(values):.1f} | {min(values):.1f} - {max(values):.1f} "
              f"| {statistics.median(processor[label]):.1f} |")
    medians = []
    for what, values in [("seconds", times), ("processor seconds", processor)]:
        ratios = [alone / ours for ours, alone in zip(*values.values())]
        medians.append(statistics.median(ratios))
        print(f"\n{what}, one by one / pareto, by round: " +
              ", ".join(f"{ratio:.2f}" for ratio in ratios) + f"; median {medians[-1]:.2f}")
    print(f"\nasked >= {GOAL} of both; losses apart by at most {apart:.1e} of themselves")
    if min(medians) < GOAL or apart > 1e-4:
        raise SystemExit("missed")


if __name__ == "__main__":
    main()
