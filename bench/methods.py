# SPDX-License-Identifier: Apache-2.0
"""./dev bench methods: whitened factors of all Flan-T5-base linears at half rank, against the
published steps in Python.

The steps of SVD-LLM (arXiv:2403.07378), layer by layer in PyTorch: Cholesky of G in float64 (with
the paper's (1e-6 - smallest eigenvalue) added if that fails), SVD of W S and the inverse of S in
float32, as its code does. Both sides read the same weights and the same G, one per width; reading the
weights is inside the time. Every round runs each once, in a process of its own. The layer errors
are worked out in float64 by both.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import spectra
from spectra import checkpoints

GOAL = 1.5


def write_moments(folder):
    """G = X Xᵀ of 20,000 tokens whose channels differ in size and go together, per width."""
    import numpy
    paths = []
    for width in (checkpoints.BASE.d_model, checkpoints.BASE.d_ff):
        path = folder / f"moments-{width}.f64"
        paths.append(path)
        if path.exists():
            continue
        random = numpy.random.default_rng(width)
        mix = random.standard_normal((width, width)) * numpy.linspace(1.5, 0.05, width)[None, :]
        x = mix @ random.standard_normal((width, 20000))
        (x @ x.T).astype("<f8").tofile(path)
    return paths


def published(weight, moments):
    """A [m, r], B [r, n] in float32."""
    import torch
    try:
        s = torch.linalg.cholesky(moments)
    except torch.linalg.LinAlgError:
        smallest = torch.linalg.eigvalsh(moments)[0]
        s = torch.linalg.cholesky(moments + (1e-6 - smallest) * torch.eye(len(moments)))
    s = s.float()
    u, values, vh = torch.linalg.svd(weight @ s, full_matrices=False)
    rank = min(weight.shape) // 2
    root = values[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * (vh[:rank] @ torch.linalg.inv(s))


def peer(folder, paths, threads):
    import numpy
    import torch
    torch.set_num_threads(threads)
    moments = {}
    for path in paths:
        flat = numpy.fromfile(path, "<f8")
        width = int(len(flat) ** 0.5)
        moments[width] = torch.from_numpy(flat.reshape(width, width))
    factors = {}
    start = time.perf_counter()
    for name, weight in checkpoints.read_matrices(folder, checkpoints.linear_names(folder)):
        factors[name] = published(weight, moments[weight.shape[1]])
    seconds = time.perf_counter() - start
    errors = {}
    for name, weight in checkpoints.read_matrices(folder, list(factors)):
        weight = weight.double()
        g = moments[weight.shape[1]]
        left, right = (factor.double() for factor in factors[name])
        rest = weight - left @ right
        errors[name] = float((((rest @ g) * rest).sum() / ((weight @ g) * weight).sum()).sqrt())
    return {"seconds": seconds, "errors": errors}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default="build/bench")
    parser.add_argument("--program", default="build/release/bin/rankscope-bench-methods")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--layers", type=int, default=checkpoints.BASE.layers,
                        help="fewer only to try the script")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    folder = spectra.base_checkpoint(arguments.work, arguments.layers)
    paths = [arguments.work / f"moments-{width}.f64" for width in (checkpoints.BASE.d_model, checkpoints.BASE.d_ff)]
    if arguments.peer:
        print(json.dumps(peer(folder, paths, arguments.threads)))
        return
    write_moments(arguments.work)
    commands = {
        "ours": [arguments.program, str(folder), str(arguments.threads), "cpu", "whitened",
                 *map(str, paths)],
        "published steps": [sys.executable, __file__, "--peer", "--work", str(arguments.work),
                            "--layers", str(arguments.layers), "--threads",
                            str(arguments.threads)]}
    results = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            results[name].append(json.loads(output))

    print(f"{arguments.threads} threads, {arguments.rounds} rounds, "
          f"{len(results['ours'][0]['errors'])} matrices\n")
    print("| whitened factors | s, median | fastest - slowest | mean error on the inputs |\n"
          "|---|---|---|---|")
    for name, runs in results.items():
        seconds = [run["seconds"] for run in runs]
        errors = runs[0]["errors"].values()
        print(f"| {name} | {statistics.median(seconds):.1f} | {min(seconds):.1f} - "
              f"{max(seconds):.1f} | {statistics.mean(errors):.7f} |")
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(*results.values())]
    ours, theirs = (runs[0]["errors"] for runs in results.values())
    excess = max(ours[name] / theirs[name] - 1 for name in ours)
    print("\npublished / ours, by round: " + ", ".join(f"{ratio:.2f}" for ratio in ratios) +
          f"; median {statistics.median(ratios):.2f}, asked >= {GOAL}"
          f"\nlargest error of ours over theirs of one layer: {excess:+.1e}")
    if statistics.median(ratios) < GOAL or excess > 1e-9:
        raise SystemExit("missed")


if __name__ == "__main__":
    main()
