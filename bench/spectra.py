# SPDX-License-Identifier: Apache-2.0
"""Times the spectra of a Flan-T5-base-shaped checkpoint: ours against loops over torch.linalg.

    python3 bench/spectra.py --work FOLDER --cli build/release/bin/rankscope-cli

Needs torch and numpy; runs with the interpreter it is started by. The checkpoint (990 MB, seeded
random weights with decaying spectra) is made in FOLDER on first use. Every round runs each
competitor once, one after the other, in a process of its own; the medians are compared. --program
takes rankscope-bench-spectra instead of the command line.
"""

import argparse
import json
import os
import pathlib
import platform
import resource
import statistics
import struct
import subprocess
import sys
import time

D_MODEL, D_FF, VOCABULARY = 768, 2048, 32128
LAYERS = 12  # --layers


def linear_shapes():
    """Names and shapes of the 216 linear matrices of Flan-T5-base."""
    attention = [("q", (D_MODEL, D_MODEL)), ("k", (D_MODEL, D_MODEL)),
                 ("v", (D_MODEL, D_MODEL)), ("o", (D_MODEL, D_MODEL))]
    feed_forward = [("wi_0", (D_FF, D_MODEL)), ("wi_1", (D_FF, D_MODEL)), ("wo", (D_MODEL, D_FF))]
    shapes = {}
    for stack in ("encoder", "decoder"):
        parts = ["SelfAttention"] + (["EncDecAttention"] if stack == "decoder" else [])
        for block in range(LAYERS):
            prefix = f"{stack}.block.{block}.layer"
            for index, part in enumerate(parts):
                for role, shape in attention:
                    shapes[f"{prefix}.{index}.{part}.{role}.weight"] = shape
            for role, shape in feed_forward:
                shapes[f"{prefix}.{len(parts)}.DenseReluDense.{role}.weight"] = shape
    return shapes


def other_shapes():
    shapes = {"shared.weight": (VOCABULARY, D_MODEL), "lm_head.weight": (VOCABULARY, D_MODEL)}
    for stack, norms in (("encoder", 2), ("decoder", 3)):
        shapes[f"{stack}.final_layer_norm.weight"] = (D_MODEL,)
        shapes[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = (32, 12)
        for block in range(LAYERS):
            for layer in range(norms):
                shapes[f"{stack}.block.{block}.layer.{layer}.layer_norm.weight"] = (D_MODEL,)
    return shapes


def decaying_matrix(random, shape):
    """Noise plus a signal with power-law singular values, as trained weights look."""
    import numpy
    rank = min(shape)
    noise = random.standard_normal(shape, dtype=numpy.float32)
    directions = 96
    left = random.standard_normal((shape[0], directions), dtype=numpy.float32)
    right = random.standard_normal((directions, shape[1]), dtype=numpy.float32)
    strength = 4.0 * numpy.arange(1, directions + 1, dtype=numpy.float32) ** -0.7
    # Columns of unequal size make the rest of the spectrum fall instead of a flat bulk.
    sizes = numpy.linspace(1.5, 0.1, rank, dtype=numpy.float32)
    noise *= sizes[None, :] if shape[1] == rank else sizes[:, None]
    return (0.04 * noise + 0.04 * (left * strength) @ right / directions**0.5).astype("<f4")


def write_checkpoint(folder):
    import numpy
    random = numpy.random.default_rng(7)
    shapes = {**linear_shapes(), **other_shapes()}
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(shapes):
        size = 4 * int(numpy.prod(shapes[name]))
        header[name] = {"dtype": "F32", "shape": list(shapes[name]),
                        "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / "model.safetensors.part"
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(shapes):
            shape = shapes[name]
            linear = len(shape) == 2 and "relative" not in name and shape[0] != VOCABULARY
            values = decaying_matrix(random, shape) if linear else \
                random.standard_normal(shape, dtype=numpy.float32)
            file.write(values.tobytes())
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "d_model": D_MODEL,
        "d_kv": 64, "d_ff": D_FF, "num_heads": 12, "num_layers": LAYERS,
        "num_decoder_layers": LAYERS, "vocab_size": VOCABULARY,
        "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
        "relative_attention_num_buckets": 32, "layer_norm_epsilon": 1e-6}, indent=1) + "\n")
    temporary.rename(folder / "model.safetensors")


def read_matrices(folder, names):
    """Float32 arrays [out, in], one at a time."""
    import numpy
    with open(folder / "model.safetensors", "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        for name in names:
            entry = header[name]
            file.seek(8 + length + entry["data_offsets"][0])
            count = int(numpy.prod(entry["shape"]))
            yield name, numpy.frombuffer(file.read(4 * count), "<f4").reshape(entry["shape"])


def peer(kind, folder):
    """One competitor, in this process: seconds and, for the subset, singular values."""
    import torch
    from concurrent.futures import ThreadPoolExecutor

    def gram(weight):
        weight = weight.double()
        small = weight.T @ weight if weight.shape[0] >= weight.shape[1] else weight @ weight.T
        return torch.linalg.eigvalsh(small).clamp(min=0).sqrt().flip(0)

    work = {
        "svdvals": torch.linalg.svdvals,
        "svd": lambda weight: torch.linalg.svd(weight, full_matrices=False)[1],
        "gram": gram,
    }[kind]
    names = list(linear_shapes())
    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(1 if kind == "gram" else cores)
    start = time.perf_counter()
    processor = time.process_time()

    def one(item):
        return item[0], work(torch.from_numpy(item[1].copy()))

    # Reading is inside the time, as it is in ours.
    if kind == "gram":
        with ThreadPoolExecutor(cores) as pool:
            values = dict(pool.map(one, read_matrices(folder, names)))
    else:
        values = dict(map(one, read_matrices(folder, names)))
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "processor_seconds": time.process_time() - processor,
            "threads": cores, "torch": torch.__version__,
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "values": {name: values[name].tolist() for name in reference_names()}}


def reference_names():
    """Twelve matrices of many roles and depth, for the comparison with float64."""
    names = list(linear_shapes())
    return names[5::max(1, len(names) // 12)]


def largest_deviation(values, reference):
    """Largest |s - s'| / s_1 and largest |s - s'| / s over the reference matrices."""
    scaled = relative = 0.0
    for name, expected in reference.items():
        for value, exact in zip(values[name], expected, strict=True):
            scaled = max(scaled, abs(value - exact) / expected[0])
            relative = max(relative, abs(value - exact) / exact)
    return {"of_largest": scaled, "relative": relative}


def ours(arguments, folder):
    command = ([arguments.program, str(folder)] if arguments.program else
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
    if len(values) != len(linear_shapes()):
        raise SystemExit(f"{len(values)} spectra came where {len(linear_shapes())} were expected")
    return {"seconds": seconds, "processor_seconds": usage.ru_utime + usage.ru_stime,
            "peak_rss_bytes": usage.ru_maxrss * 1024,
            "threads": document["threads"],
            "values": {name: values[name] for name in reference_names()}}


def run_peer(kind, folder):
    output = subprocess.run([sys.executable, __file__, "--peer", kind, "--work", str(folder),
                             "--layers", str(LAYERS)], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)


def machine():
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}"


def main():
    global LAYERS
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--program", help="rankscope-bench-spectra instead of --cli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    parser.add_argument("--layers", type=int, default=LAYERS,
                        help="of each stack; fewer only to try the script")
    arguments = parser.parse_args()
    LAYERS = arguments.layers
    if arguments.peer:
        print(json.dumps(peer(arguments.peer, arguments.work)))
        return

    import numpy
    folder = arguments.work / f"flan-t5-base-shape-{LAYERS}"
    if not (folder / "model.safetensors").exists():
        write_checkpoint(folder)
    size = (folder / "model.safetensors").stat().st_size
    reference = {name: numpy.linalg.svd(matrix.astype(numpy.float64), compute_uv=False).tolist()
                 for name, matrix in read_matrices(folder, reference_names())}

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
