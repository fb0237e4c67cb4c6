# SPDX-License-Identifier: Apache-2.0
"""Times the spectra of a Flan-T5-base-shaped checkpoint: ours against loops over torch.linalg.

    python3 bench/spectra.py --work FOLDER --cli build/release/bin/rankscope-cli

Needs torch and numpy; runs with the interpreter it is started by. The checkpoint (990 MB, seeded
random weights with decaying spectra) is made in FOLDER on first use. Every round runs each
competitor once, one after the other, in a process of its own; the medians are compared. --program
takes rankscope-bench-spectra instead of the command line.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "contenders"))
import checkpoints


def reference_names(folder):
    """Twelve matrices of many roles and depth, for the comparison with float64."""
    names = checkpoints.linear_names(folder)
    return names[5::max(1, len(names) // 12)]


def base_checkpoint(work, layers):
    """A checkpoint of Flan-T5-base's shape in `work`, made on first use."""
    folder = work / f"flan-t5-base-shape-{layers}"
    if not folder.exists():
        work.mkdir(parents=True, exist_ok=True)
        checkpoints.write_checkpoint(
            folder, dataclasses.replace(checkpoints.BASE, layers=layers),
            checkpoints.TorchNumbers(seed=7))
    return folder


def largest_deviation(values, reference):
    """Largest |s - s'| / s_1 and largest |s - s'| / s over the reference matrices."""
    scaled = relative = 0.0
    for name, expected in reference.items():
        for value, exact in zip(values[name], expected, strict=True):
            scaled = max(scaled, abs(value - exact) / expected[0])
            relative = max(relative, abs(value - exact) / exact)
    return {"of_largest": scaled, "relative": relative}


def ours(arguments, folder):
    command = ([arguments.program, str(folder), "0", "cpu"] if arguments.program else
               [arguments.cli, "spectrum", str(folder), "--targets", "all", "--json",
                "--device", "cpu"])
    # An empty cache folder each time: nothing may come from a former round.
    cache = arguments.work / f"cache-{os.getpid()}-{time.monotonic_ns()}"
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "XDG_CACHE_HOME": str(cache)})
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    subprocess.run(["rm", "-rf", str(cache)], check=True)
    if status != 0:
        raise SystemExit(f"{command[0]} ended with status {status}")
    document = json.loads(output)
    values = {entry["name"]: entry["singular_values"] for entry in document["spectra"]}
    expected = len(checkpoints.linear_names(folder))
    if len(values) != expected:
        raise SystemExit(f"{len(values)} spectra came, but {expected} were expected")
    return {"seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime,
            "peak_rss_bytes": usage.ru_maxrss * 1024,
            "threads": document["threads"],
            "values": {name: values[name] for name in reference_names(folder)}}


def run_peer(kind, folder):
    peer = pathlib.Path(__file__).parent / "contenders" / "torch_peer.py"
    output = subprocess.run([sys.executable, peer, folder, kind, "--names",
                             ",".join(reference_names(folder))],
                            check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)[kind]


def machine():
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--program", help="rankscope-bench-spectra instead of --cli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    parser.add_argument("--layers", type=int, default=checkpoints.BASE.layers,
                        help="of each stack; fewer only to try the script")
    arguments = parser.parse_args()
    import numpy
    folder = base_checkpoint(arguments.work, arguments.layers)
    size = (folder / "model.safetensors").stat().st_size
    reference = {name: numpy.linalg.svd(matrix.double().numpy(), compute_uv=False).tolist()
                 for name, matrix in checkpoints.read_matrices(folder, reference_names(folder))}

    runs = {"rankscope": [], "svdvals": [], "svd": [], "gram": []}
    for number in range(arguments.rounds):
        for kind, results in runs.items():
            results.append(ours(arguments, folder) if kind == "rankscope"
                           else run_peer(kind, folder))
            print(f"round {number + 1}: {kind} {results[-1]['seconds']:.2f} s", file=sys.stderr)

    summary = {"machine": machine(), "python": platform.python_version(),
               "torch": runs["svdvals"][0]["torch"], "numpy": numpy.__version__,
               "checkpoint_bytes": size, "rounds": arguments.rounds, "results": {}}
    base = statistics.median(run["seconds"] for run in runs["rankscope"])
    for kind, results in runs.items():
        seconds = [run["seconds"] for run in results]
        summary["results"][kind] = {
            "seconds": statistics.median(seconds), "fastest": min(seconds), "slowest": max(seconds),
            "processor_seconds": statistics.median(run["processor_seconds"] for run in results),
            "ratio": statistics.median(seconds) / base, "threads": results[0]["threads"],
            "peak_rss_bytes": max(run["peak_rss_bytes"] for run in results),
            "deviation": largest_deviation(results[0]["values"], reference)}
    best = summary["results"]
    allowed = size / 10 + 300e6
    summary["passed"] = {
        "2.5x svdvals": best["svdvals"]["ratio"] >= 2.5, "3.5x svd": best["svd"]["ratio"] >= 3.5,
        "closer to float64": all(best["rankscope"]["deviation"][key] < best[kind]["deviation"][key]
                                 for key in ("of_largest", "relative")
                                 for kind in ("svdvals", "svd")),
        "memory": best["rankscope"]["peak_rss_bytes"] <= allowed}
    print(f"{summary['machine']}; torch {summary['torch']}, numpy {summary['numpy']}, "
          f"Python {summary['python']}; checkpoint {size} bytes, {arguments.rounds} rounds\n")
    print("| | median s | fastest - slowest | processor s | times ours | peak MB | max err / s_1 | max err / s |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, row in best.items():
        print(f"| {kind} | {row['seconds']:.2f} | {row['fastest']:.2f} - {row['slowest']:.2f} | "
              f"{row['processor_seconds']:.2f} | {row['ratio']:.2f} | {row['peak_rss_bytes'] / 1e6:.0f} | "
              f"{row['deviation']['of_largest']:.1e} | {row['deviation']['relative']:.1e} |")
    print(f"\nallowed peak {allowed / 1e6:.0f} MB; passed: {summary['passed']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n")
    if not all(summary["passed"].values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
