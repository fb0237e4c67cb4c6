# SPDX-License-Identifier: Apache-2.0
"""./dev bench wait_policy: how long idle threads of OpenMP should spin before they sleep.

Under each policy, in turn: generation and loss on one checkpoint of the shape of Flan-T5-base with
random weights, whole commands on the demo, and several processes of one command at once, which
share the processors. The variables are those that the program leaves alone if they are set. Prints
Markdown tables of medians: of the tasks on an idle machine seconds, of those at once wall and
processor seconds of each process.
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

import evaluate
import spectra

TARGETS = "encoder.block.0.layer.0.SelfAttention.*"


def environment_of(policy):
    """"passive", "active" or a number of looks (GNU's OpenMP has 300000 by default)."""
    return ["env", f"OMP_WAIT_POLICY={policy}" if policy in ("passive", "active")
            else f"GOMP_SPINCOUNT={policy}"]


def print_table(title, rows, policies, digits=3):
    print(f"\n| {title} | " + " | ".join(policies) + " |\n|---" + "|---" * len(policies) + "|")
    for name, seconds in rows.items():
        cells = [f"{statistics.median(seconds[p]):.{digits}g} ({min(seconds[p]):.{digits}g} - "
                 f"{max(seconds[p]):.{digits}g})" for p in policies]
        print(f"| {name} | " + " | ".join(cells) + " |")


def time_tasks(arguments, policies):
    """Seconds by task and policy, on a model that is loaded once for each policy."""
    folder = spectra.base_checkpoint(arguments.work, 12)
    generator = random.Random(11)
    sources = [[generator.randrange(3, 32128) for _ in range(191)] + [evaluate.END]
               for _ in range(8)]
    many = evaluate.samsum_like(generator, arguments.examples, 32128)
    tasks = {
        "greedy, 8 sources": {"task": "generate", "sources": sources, "beams": 1},
        "greedy, 1 source": {"task": "generate", "sources": sources[:1], "beams": 1},
        "beam 4, 8 sources": {"task": "generate", "sources": sources, "beams": 4},
        "loss": {"task": "loss", "sources": many[0], "targets": many[1], "token_budget": 8192}}
    workers = {policy: evaluate.Worker([*environment_of(policy), arguments.program, str(folder),
                                        str(arguments.threads)], arguments.threads)
               for policy in policies}
    seconds = {name: {policy: [] for policy in policies} for name in tasks}
    for number in range(arguments.rounds + 1):
        for name, request in tasks.items():
            for policy in policies[number % len(policies):] + policies[:number % len(policies)]:
                answer = workers[policy].ask({**request, "new_tokens": arguments.new_tokens})
                if number > 0:  # round 0 warms up
                    seconds[name][policy].append(answer["seconds"])
    for worker in workers.values():
        worker.close()
    return seconds


def run_at_once(command, policy, count, timeout):
    """Wall seconds and processor seconds of each of `count` processes, all started together."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        running = {}
        for number in range(count):
            cache = {"XDG_CACHE_HOME": f"{folder}/{number}"}  # each with an empty cache
            child = subprocess.Popen([*environment_of(policy), "timeout", "-s", "KILL",
                                      str(timeout), *command], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, env={**os.environ, **cache})
            running[child.pid] = child
        wall, processor = [], []
        while running:
            pid, status, usage = os.wait4(-1, 0)
            child = running.pop(pid)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in (0, 124, -9, 137):
                raise SystemExit(f"{' '.join(map(str, command))} failed")
            wall.append(time.monotonic() - begin)
            processor.append(usage.ru_utime + usage.ru_stime)
        return wall, processor


def time_commands(arguments, policies):
    """Wall and processor seconds by command and policy."""
    calibration = arguments.work / "wait-policy.h5"
    demo = pathlib.Path(arguments.cli).parent.parent / "share" / "rankscope" / "demo"
    data = demo / "test.json"
    if not calibration.exists():
        subprocess.run([arguments.cli, "calibrate", "demo", "--data", data, "--samples", "32",
                        "--held-out", "16", "--out", calibration, "--quiet"], check=True,
                       stdout=sys.stderr)
    search = ["plan", "demo", "--budget", "0.97", "--allocation", "sensitivity", "--calibration",
              calibration, "--targets", TARGETS]
    losses = ["evaluate", "demo", "--data", data, "--limit", "100", "--no-cache"]
    commands = {"plan, sensitivity": (search, (1, arguments.at_once)),
                "evaluate": (losses, (1, arguments.at_once)),
                "spectrum": (["spectrum", "demo", "--no-cache"], (1,))}
    wall, processor = {}, {}
    for number in range(arguments.rounds):
        for name, (words, counts) in commands.items():
            for count in counts:
                title = f"{name}, {count} at once"
                for policy in policies[number % len(policies):] + policies[:number % len(policies)]:
                    took = run_at_once([arguments.cli, *words, "--device", "cpu"], policy, count,
                                       arguments.timeout)
                    for table, values in zip((wall, processor), took, strict=True):
                        table.setdefault(title, {p: [] for p in policies})[policy] += values
    return wall, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default="build/bench")
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--program", default="build/release/bin/rankscope-bench-evaluate")
    parser.add_argument("--policies", default="300000,10000,1000,100,passive")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--examples", type=int, default=32, help="of the loss")
    parser.add_argument("--new-tokens", type=int, default=48)
    parser.add_argument("--at-once", type=int, default=4, help="processes of one command")
    parser.add_argument("--timeout", type=int, default=120, help="seconds of a command at most")
    parser.add_argument("--part", choices=["tasks", "commands", "both"], default="both")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    policies = arguments.policies.split(",")
    print(f"{evaluate.machine()}, {arguments.rounds} rounds")
    if arguments.part != "commands":
        print_table("seconds", time_tasks(arguments, policies), policies)
    if arguments.part != "tasks":
        wall, processor = time_commands(arguments, policies)
        print_table("wall seconds", wall, policies)
        print_table("processor seconds", processor, policies)


if __name__ == "__main__":
    main()
