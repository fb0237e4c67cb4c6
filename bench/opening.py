# SPDX-License-Identifier: Apache-2.0
"""./dev bench opening: how long it takes until the programs show something.

`inspect` of a checkpoint with the header of Flan-T5-large and of ones with many tensors besides, all
of whose data is one hole; `tokenize` of one long line; the window until it shows the demo. The
programs' start is part of every figure. Where one row has twice the input of the row above, its time
should be about twice as long. Prints a Markdown table of milliseconds. Needs no package of Python.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "contenders"))
import checkpoints
import evaluate

SMALL = dataclasses.replace(checkpoints.BASE, layers=1)


def write_hole(folder, shape, more=0):
    """A checkpoint with a whole header, `more` tensors beside the model's and no data stored."""
    sizes = {**checkpoints.linear_shapes(shape), **checkpoints.other_shapes(shape),
             **{f"extra.{i}": (1,) for i in range(more)}}
    header, end = {}, 0
    for name, size in sizes.items():
        begin, count = end, 4
        for length in size:
            count *= length
        end += count
        header[name] = {"dtype": "F32", "shape": size, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(checkpoints.config(shape)))
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return folder


def commands(arguments, work):
    """What is timed, by name."""
    rows = {"inspect, header of Flan-T5-large": [
        arguments.cli, "inspect", write_hole(work / "large", checkpoints.LARGE)]}
    for more in (100_000, 200_000):
        rows[f"inspect, {more:,} tensors more"] = [
            arguments.cli, "inspect", write_hole(work / str(more), SMALL, more)]
    for megabytes in (10, 20):
        line = work / f"{megabytes}.txt"
        line.write_text("ab" * (megabytes << 19) + "\n")
        rows[f"tokenize, a line of {megabytes} MB"] = [
            arguments.cli, "tokenize", "demo", "--lines", line]
    if pathlib.Path(arguments.window).exists():
        rows["window, until it shows the demo"] = [arguments.window, "--check-start", "demo"]
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--window", default="build/release/bin/rankscope")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CACHE_HOME": folder}
        rows = commands(arguments, work)
        took = {name: [] for name in rows}
        for _ in range(arguments.rounds):
            for name, words in rows.items():
                start = time.perf_counter()
                subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                took[name].append(1000 * (time.perf_counter() - start))
    print(f"{evaluate.machine()}, {arguments.rounds} rounds\n\n| what | median ms | fastest - slowest |"
          "\n|---|---|---|")
    for name, values in took.items():
        print(f"| {name} | {statistics.median(values):.0f} | {min(values):.0f} - {max(values):.0f} |")


if __name__ == "__main__":
    main()
