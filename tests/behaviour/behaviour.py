#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that a change of the code left the behaviour as it was.

    behaviour.py record --programs build/release/bin FOLDER    before and after the change
    behaviour.py compare BEFORE AFTER

`record` runs every command of rankscope-cli with --json on the demo and on two tiny models, and
keeps documents, exit statuses, the hashes of written checkpoints, the report, and what each figure
is drawn from. `compare` names every difference but times, folders and sentences; reworded sentences
are listed apart. It ends with status 1 if anything else differs.
"""
import argparse
import csv
import hashlib
import io
import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import commands

# Numbers that no two runs share.
TIMES = re.compile(r"(^|_)(seconds?|time|date|created|pid|memory|free|load|fingerprint)(_|$)")
TIMED_ROW = re.compile(r"(loss|generation) (time|speed)", re.IGNORECASE)
FOLDERS = {"path", "out", "folder", "location", "prefix", "cache", "caches", "report_folder"}


# ---------------------------------------------------------------- the tiny models

def tiny_model(folder, demo, seed, gated, tied, dtype="F32"):
    """A T5 of random weights whose singular values decay, with the demo's vocabulary."""
    d_model, d_kv, d_ff, heads, encoder, decoder, vocabulary = 32, 8, 64, 3, 2, 2, 1100
    generator = random.Random(seed)
    tensors = {}

    def matrix(name, rows, columns):
        left = [[generator.gauss(0, 1) for _ in range(6)] for _ in range(rows)]
        right = [[generator.gauss(0, 0.3 / (k + 1)) for _ in range(columns)] for k in range(6)]
        tensors[name] = ([rows, columns], [
            sum(a * b[j] for a, b in zip(row, right)) * 0.2 + generator.gauss(0, 0.02)
            for row in left for j in range(columns)])

    def ones(name):
        tensors[name] = ([d_model], [1 + generator.gauss(0, 0.05) for _ in range(d_model)])

    matrix("shared.weight", vocabulary, d_model)
    for stack, blocks in (("encoder", encoder), ("decoder", decoder)):
        for block in range(blocks):
            layers = ["SelfAttention"] + (["EncDecAttention"] if stack == "decoder" else [])
            for number, attention in enumerate(layers):
                prefix = f"{stack}.block.{block}.layer.{number}"
                for role in "qkv":
                    matrix(f"{prefix}.{attention}.{role}.weight", heads * d_kv, d_model)
                matrix(f"{prefix}.{attention}.o.weight", d_model, heads * d_kv)
                ones(f"{prefix}.layer_norm.weight")
            prefix = f"{stack}.block.{block}.layer.{len(layers)}"
            for role in ("wi_0", "wi_1") if gated else ("wi",):
                matrix(f"{prefix}.DenseReluDense.{role}.weight", d_ff, d_model)
            matrix(f"{prefix}.DenseReluDense.wo.weight", d_model, d_ff)
            ones(f"{prefix}.layer_norm.weight")
        matrix(f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, heads)
        ones(f"{stack}.final_layer_norm.weight")
    if not tied:
        matrix("lm_head.weight", vocabulary, d_model)

    header, data = {}, bytearray()
    for name, (shape, values) in tensors.items():
        start = len(data)
        if dtype == "F32":
            data += struct.pack(f"<{len(values)}f", *values)
        else:  # BF16: the upper half of a float32
            for value in values:
                data += struct.pack("<f", value)[2:]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    config = json.loads((demo / "config.json").read_text())
    config.update(d_model=d_model, d_kv=d_kv, d_ff=d_ff, num_heads=heads, num_layers=encoder,
                  num_decoder_layers=decoder, vocab_size=vocabulary, tie_word_embeddings=tied,
                  feed_forward_proj="gated-gelu" if gated else "relu", is_gated_act=gated,
                  dense_act_fn="gelu_new" if gated else "relu")
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    for name in ("generation_config.json", "special_tokens_map.json", "spiece.model",
                 "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(demo / name, folder)
    return folder


# ---------------------------------------------------------------- record

STAND_IN = """#!/bin/sh
# Keeps what a figure is drawn from, then draws it.
if [ "$1" = --render ]; then
    file="$RECORD_FIGURES/$(ls "$RECORD_FIGURES" | wc -l).json"
    cat >"$file"
    exec "{window}" --render - <"$file"
fi
exec "{window}" "$@"
"""


class Recorder:
    def __init__(self, programs, target):
        self.target = target
        # Always the same folder: its name is in titles and in what checkpoints say of their source.
        self.work = pathlib.Path(tempfile.gettempdir()) / "rankscope-behaviour"
        self.work.mkdir()
        self.prefix = self.work / "prefix"
        (self.prefix / "bin").mkdir(parents=True)
        shutil.copy(programs / "rankscope-cli", self.prefix / "bin")
        window = self.prefix / "bin" / "rankscope"
        window.write_text(STAND_IN.format(window=programs / "rankscope"))
        window.chmod(0o755)
        for name in ("lib", "share"):
            (self.prefix / name).symlink_to(programs.parent / name)
        demo = programs.parent / "share" / "rankscope" / "demo"
        self.places = {
            "out": self.work / "out",
            "demo": demo,
            "v11": tiny_model(self.work / "v11", demo, 1, gated=True, tied=False),
            "v10": tiny_model(self.work / "v10", demo, 2, gated=False, tied=True, dtype="BF16"),
        }
        self.places["out"].mkdir()
        self.environment = dict(os.environ, XDG_CACHE_HOME=str(self.work / "cache"),
                                XDG_STATE_HOME=str(self.work / "state"),
                                XDG_CONFIG_HOME=str(self.work / "config"),
                                HF_HOME=str(self.work / "hub"), LC_ALL="C.UTF-8",
                                QT_QPA_PLATFORM="offscreen", QT_HASH_SEED="0")

    def run(self, name, words):
        folder = self.target / name
        figures = folder / "figures"
        figures.mkdir(parents=True)
        words = [word.format(**self.places) for word in words]
        before = self.written()
        run = subprocess.run([self.prefix / "bin" / "rankscope-cli", *words, "--threads", "2"],
                             env=dict(self.environment, RECORD_FIGURES=str(figures)),
                             cwd=self.work, capture_output=True, text=True, timeout=600)
        (folder / "stdout").write_text(self.neutral(run.stdout))
        (folder / "stderr").write_text(self.neutral(run.stderr))
        (folder / "status").write_text(f"{run.returncode}\n")
        for request in figures.iterdir():
            request.write_text(self.neutral(request.read_text()))
        after = self.written()
        for path in sorted(set(after) - {p for p in before if before[p] == after.get(p)}):
            self.keep(path, folder / "files" / path.relative_to(self.places["out"]))
        return run.returncode

    def written(self):
        return {path: path.stat().st_mtime_ns for path in self.places["out"].rglob("*")
                if path.is_file()}

    def keep(self, path, target):
        """A text as it is, without this run's folders; of anything else the hash."""
        target.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        if path.suffix == ".pdf":  # Qt writes when it was made
            data = re.sub(rb"(?m)^.*(CreationDate|ModDate|MetadataDate|CreateDate|uuid|/ID).*$", b"", data)
        try:
            if path.suffix in (".pdf", ".h5"):
                raise UnicodeDecodeError("", b"", 0, 0, "")
            target.write_text(self.neutral(data.decode()))
        except UnicodeDecodeError:
            if path.suffix == ".h5":  # holds dates; what it says is in --json and in what uses it
                target.with_name(target.name + ".size").write_text(f"{len(data)}\n")
            else:
                target.with_name(target.name + ".sha256").write_text(
                    hashlib.sha256(data).hexdigest() + "\n")

    def neutral(self, text):
        for folder in sorted({str(self.work), str(self.places["demo"].parents[2])}, key=len):
            text = text.replace(folder, "FOLDER")
        return text


def record(programs, target):
    if target.exists():
        sys.exit(f"{target} is there already; name a new folder or remove it.")
    recorder = Recorder(programs.resolve(), target)
    try:
        for name, words, status in commands.table():
            found = recorder.run(name, words)
            print(f"{name}: {found}", flush=True)
            if found != status:
                sys.exit(f"{name} ended with {found} instead of {status}:\n"
                         + (target / name / "stderr").read_text())
    finally:
        shutil.rmtree(recorder.work)


# ---------------------------------------------------------------- compare

class Differences:
    def __init__(self):
        self.found, self.sentences = [], set()

    def values(self, place, before, after):
        if isinstance(before, dict) and isinstance(after, dict):
            for key in sorted(set(before) | set(after)):
                if TIMES.search(key) or key in FOLDERS:
                    continue
                if key not in before or key not in after:
                    self.found.append(f"{place}.{key}: only {'after' if key in after else 'before'}")
                else:
                    self.values(f"{place}.{key}", before[key], after[key])
        elif isinstance(before, list) and isinstance(after, list):
            if len(before) != len(after):
                self.found.append(f"{place}: {len(before)} entries before, {len(after)} after")
            for index, pair in enumerate(zip(before, after)):
                self.values(f"{place}[{index}]", *pair)
        elif isinstance(before, str) and isinstance(after, str):
            self.text(place, before, after)
        elif before != after and not (before != before and after != after):
            self.found.append(f"{place}: {before!r} before, {after!r} after")

    def text(self, place, before, after):
        """Lines are compared; a line of several words that differs counts as reworded, provided its
        numbers are the same."""
        first, second = (self.lines(text) for text in (before, after))
        if first == second:
            return
        if len(first) != len(second):
            self.found.append(f"{place}: {len(first)} lines before, {len(second)} after")
            return
        for one, other in zip(first, second):
            if one == other or TIMED_ROW.search(one) and TIMED_ROW.search(other):
                continue
            if " " in one and " " in other and numbers(one) == numbers(other):
                self.sentences.add((one, other))
            else:
                self.found.append(f"{place}: {one[:160]!r} before, {other[:160]!r} after")

    @staticmethod
    def lines(text):
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?|\d{4}-\d\d-\d\d", "DATE", text)
        return re.sub(r"\b\d[\d.,]*(e-\d+)? ?(s|ms|min|seconds|minutes)\b", "TIME", text).split("\n")

    def files(self, place, before, after):
        texts = [path.read_text() for path in (before, after)]
        separator = {".csv": ",", ".tsv": "\t", ".md": "|", ".tex": "&"}.get(before.suffix)
        if separator:
            texts = [without_times(text, separator) for text in texts]
        try:
            documents = [json.loads(text) for text in texts]
        except ValueError:
            if before.name == "stderr":  # progress differs with the machine's load
                texts = ["\n".join(line for line in text.split("\n") if not re.match(r" *\d+ %", line))
                         for text in texts]
            self.text(place, *texts)
        else:
            self.values(place, *documents)

    def folders(self, before, after):
        names = [{path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
                 for folder in (before, after)]
        for name in sorted(names[0] ^ names[1]):
            self.found.append(f"{name}: only {'before' if name in names[0] else 'after'}")
        for name in sorted(names[0] & names[1]):
            self.files(name, before / name, after / name)
        return len(names[0] & names[1])


def without_times(text, separator):
    """A table's text less the columns whose titles speak of time or speed."""
    rows = (list(csv.reader(io.StringIO(text), delimiter=separator)) if separator in ",\t" else
            [line.split(separator) for line in text.split("\n")])
    titles = next((row for row in rows if len(row) > 1), [])
    times = {index for index, title in enumerate(titles)
             if TIMES.search(title) or TIMED_ROW.search(title)}
    return "\n".join(separator.join(cell for index, cell in enumerate(row) if index not in times)
                     for row in rows)


def numbers(line):
    return re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", line)


def compare(before, after):
    differences = Differences()
    files = differences.folders(before, after)
    for line in differences.found:
        print(line)
    for one, other in sorted(differences.sentences):
        print(f"reworded:\n  - {one[:300]}\n  + {other[:300]}")
    print(f"{files} files compared: {len(differences.found)} differences, "
          f"{len(differences.sentences)} reworded lines")
    return 1 if differences.found or files == 0 else 0


def self_test():
    """Each kind of difference is found, and none that does not count."""
    cases = [({"a": 1.0}, {"a": 1.0000001}, 1), ({"seconds": 1}, {"seconds": 2}, 0),
             ({"a": [1]}, {"a": [1, 2]}, 1), ({"a": 1}, {}, 1), ({"path": "x"}, {"path": "y"}, 0),
             ({"a": math.nan}, {"a": math.nan}, 0), ({"a": "q"}, {"a": "k"}, 1),
             ({"a": "took 3 words"}, {"a": "took 4 words"}, 1),
             ({"a": "none of 3 words"}, {"a": "not one of 3 words"}, 0)]
    for before, after, expected in cases:
        differences = Differences()
        differences.values("", before, after)
        if len(differences.found) != expected:
            sys.exit(f"{before} against {after}: {differences.found}")
    print(f"{len(cases)} cases told apart as they should be")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    recording = actions.add_parser("record")
    recording.add_argument("--programs", type=pathlib.Path, required=True)
    recording.add_argument("folder", type=pathlib.Path)
    comparing = actions.add_parser("compare")
    comparing.add_argument("before", type=pathlib.Path)
    comparing.add_argument("after", type=pathlib.Path)
    actions.add_parser("self-test")
    arguments = parser.parse_args()
    if arguments.action == "record":
        record(arguments.programs, arguments.folder)
    elif arguments.action == "compare":
        sys.exit(compare(arguments.before, arguments.after))
    else:
        self_test()


if __name__ == "__main__":
    main()
