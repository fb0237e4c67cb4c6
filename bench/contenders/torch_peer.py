# SPDX-License-Identifier: Apache-2.0
"""Loops over torch.linalg as a contender: all singular values, or factors, of the linear matrices
of a checkpoint. Prints one JSON document, an object for each kind of loop.

    python3 torch_peer.py FOLDER svdvals,svd,gram,factors [--device cuda] [--seconds 30]

Reading is inside the time, as it is in ours. With --seconds the loop goes through the shapes in
turn and stops when so much time has passed; "seconds" is then estimated for all matrices from the
mean of each shape, and "measured" says how many were done. "factors" are those of half rank.
"""
import argparse
import json
import os
import pathlib
import resource
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from checkpoints import linear_names, read_header, read_matrices


def gram(torch, weight):
    weight = weight.double()
    small = weight.T @ weight if weight.shape[0] >= weight.shape[1] else weight @ weight.T
    return torch.linalg.eigvalsh(small).clamp(min=0).sqrt().flip(0)


def factors(torch, weight):
    """U_r Σ_r and V_rᵀ."""
    rank = min(weight.shape) // 2
    u, values, vh = torch.linalg.svd(weight, full_matrices=False)
    return u[:, :rank] * values[:rank], vh[:rank]


def loops(torch):
    return {"svdvals": torch.linalg.svdvals,
            "svd": lambda weight: torch.linalg.svd(weight, full_matrices=False)[1],
            "gram": lambda weight: gram(torch, weight),
            "factors": lambda weight: factors(torch, weight)}


def by_turns(names, shapes):
    """The names so that one of each shape follows one of each other shape."""
    groups = defaultdict(list)
    for name in names:
        groups[tuple(shapes[name])].append(name)
    longest = max(map(len, groups.values()))
    return [group[i] for i in range(longest) for group in groups.values() if i < len(group)]


def shapes_of(folder):
    with open(folder / "model.safetensors", "rb") as file:
        return {name: entry["shape"] for name, entry in read_header(file)[0].items()
                if name != "__metadata__"}


def to_host(result):
    if isinstance(result, tuple):
        return tuple(part.cpu() for part in result)
    return result.cpu()


def measure(folder, kind, device, limit):
    """Seconds and result of each matrix, by name; results are brought to the host."""
    import torch
    work = loops(torch)[kind]
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(1 if kind == "gram" else cores)
    names = linear_names(folder)
    if limit:
        names = by_turns(names, shapes_of(folder))
    if device.startswith("cuda"):  # libraries load and warm up outside the time, as with ours
        to_host(work(torch.rand(64, 48, device=device)))
    start = time.perf_counter()
    processor = time.process_time()
    took, values = {}, {}

    def one(item):
        name, weight = item
        return name, to_host(work(weight.to(device)))

    if kind == "gram" and device == "cpu":
        with ThreadPoolExecutor(cores) as pool:
            values = dict(pool.map(one, read_matrices(folder, names)))
    else:
        before = start
        for item in read_matrices(folder, names):
            name, result = one(item)
            values[name] = result
            took[name] = time.perf_counter() - before
            before += took[name]
            if limit and before - start > limit:
                break
    return {"seconds": time.perf_counter() - start, "took": took, "values": values,
            "processor_seconds": time.process_time() - processor, "threads": cores,
            "torch": torch.__version__}


def reckoned(took, shapes, names):
    """Seconds for all `names` from the mean of each shape; the first of a shape, which may load
    what it needs, counts once only."""
    groups = defaultdict(list)
    for name in took:
        groups[tuple(shapes[name])].append(took[name])
    seconds = 0.0
    for shape, times in groups.items():
        count = sum(1 for name in names if tuple(shapes[name]) == shape)
        later = times[1:] or times
        seconds += times[0] + (count - 1) * sum(later) / len(later)
    return seconds


def relative_error(weight, parts):
    """‖W - W'‖_F / ‖W‖_F."""
    wide = weight.double()
    return float((wide - parts[0].double() @ parts[1].double()).norm() / wide.norm())


def report(arguments, kind):
    import torch
    folder = arguments.folder
    run = measure(folder, kind, arguments.device, arguments.seconds)
    names = linear_names(folder)
    values, took = run.pop("values"), run.pop("took")
    run["measured"], run["matrices"] = len(values), len(names)
    if run["measured"] < run["matrices"]:
        run["seconds"] = reckoned(took, shapes_of(folder), names)
    run["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if arguments.device.startswith("cuda"):
        run["peak_gpu_bytes"] = torch.cuda.max_memory_reserved()
    if kind == "factors":
        run["errors"] = {name: relative_error(weight, values[name])
                         for name, weight in read_matrices(folder, list(values)[:12])}
    else:
        wanted = arguments.names.split(",") if arguments.names else list(values)
        run["values"] = {name: values[name].double().tolist() for name in wanted if name in values}
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("kinds", help="a comma list of svdvals, svd, gram and factors")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=0, help="at most, of each kind")
    parser.add_argument("--names", help="only these matrices' values are given, comma-separated")
    arguments = parser.parse_args()
    import torch
    torch.set_grad_enabled(False)
    print(json.dumps({kind: report(arguments, kind) for kind in arguments.kinds.split(",")}))


if __name__ == "__main__":
    main()
