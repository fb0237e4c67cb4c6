# SPDX-License-Identifier: Apache-2.0
"""./dev bench calibrate: collecting moments beside the plain loss, the same model and batches.

One checkpoint of the shape of Flan-T5-base with random weights, examples as long as SAMSum's, rounds
in which the loss and moments, summed as `calibrate` sums them here and in float64, take turns. Prints
tokens per second and the ratios, round by round.
"""
import argparse
import os
import pathlib
import random
import statistics

import evaluate

GOAL = 0.8


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default="build/bench")
    parser.add_argument("--program", default="build/release/bin/rankscope-bench-calibrate")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--token-budget", type=int, default=8192)
    parser.add_argument("--layers", type=int, default=12, help="fewer only to try the script")
    parser.add_argument("--vocabulary", type=int, default=32128, help="smaller only to try the script")
    arguments = parser.parse_args()

    arguments.work.mkdir(parents=True, exist_ok=True)
    folder = arguments.work / f"evaluate-base-{arguments.layers}-{arguments.vocabulary}"
    if not folder.exists():
        evaluate.write_checkpoint(folder, arguments.layers, arguments.vocabulary)
    sources, targets = evaluate.samsum_like(random.Random(11), arguments.examples,
                                            arguments.vocabulary)
    request = {"sources": sources, "targets": targets, "token_budget": arguments.token_budget}
    worker = evaluate.Worker([arguments.program, folder, arguments.threads, "cpu"],
                             arguments.threads)
    tasks = ["loss", "auto", "float64"]
    speeds, processor, names = {t: [] for t in tasks}, {t: [] for t in tasks}, {}
    for number in range(arguments.rounds + 1):
        for task in tasks:
            answer = worker.ask({"task": task, **request})
            names[task] = answer["arithmetic"]
            if number > 0:  # round 0 warms up
                speeds[task].append(answer["tokens"] / answer["seconds"])
                processor[task].append(answer["processor_seconds"])
    difference = worker.ask({"task": "difference"})
    worker.close()

    print(f"{evaluate.machine()}; {arguments.threads} threads, {arguments.rounds} rounds, "
          f"{arguments.examples} examples, {answer['tokens']} tokens\n")
    print("| pass | tokens/s, median | slowest - fastest | processor s |\n|---|---|---|---|")
    for task, values in speeds.items():
        name = f"moments, {task} ({names[task]})" if names[task] else task
        print(f"| {name} | {statistics.median(values):.0f} | {min(values):.0f} - "
              f"{max(values):.0f} | {statistics.median(processor[task]):.2f} |")
    medians = {}
    for task in tasks[1:]:
        ratios = [b / a for a, b in zip(speeds["loss"], speeds[task])]
        medians[task] = statistics.median(ratios)
        print(f"\n{task} / loss, by round: " + ", ".join(f"{ratio:.2f}" for ratio in ratios) +
              f"; median {medians[task]:.2f}, asked >= {GOAL}")
    print(f"\nauto from float64: {difference['root_mean_square']:.1e} of sqrt(G_ii G_jj) in the root "
          f"mean square, {difference['largest']:.1e} at most")
    if medians["auto"] < GOAL:
        raise SystemExit("missed")


if __name__ == "__main__":
    main()
