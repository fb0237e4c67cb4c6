# SPDX-License-Identifier: Apache-2.0
"""Compares `rankscope-cli tokenize` with transformers' fast tokenizer on the lines of text files.

    python compare_with_transformers.py RANKSCOPE_CLI TOKENIZER_FOLDER FILE...
Run with transformers 4.57.6. Says how many lines differ in ids or decoded text, shows the first few,
and exits with 1 where any does.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer


def main():
    cli, folder, *files = sys.argv[1:]
    # The command reads lines that end in a line feed; other line ends stay in the text.
    lines = [line for name in files for line in pathlib.Path(name).read_bytes().split(b"\n")]
    with tempfile.NamedTemporaryFile(suffix=".txt") as data:
        data.write(b"".join(line + b"\n" for line in lines))
        data.flush()
        run = subprocess.run([cli, "tokenize", folder, "--lines", data.name, "--json"],
                             stdout=subprocess.PIPE, check=True)
    ours = json.loads(run.stdout)["lines"]
    assert len(ours) == len(lines), f"{len(ours)} results of {len(lines)} lines"
    tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = [line.decode("utf-8", "replace") for line in lines]
    different = 0
    for text, theirs, mine in zip(texts, tokenizer.encode_batch(texts), ours):
        decoded = tokenizer.decode(theirs.ids, skip_special_tokens=True)
        if theirs.ids == mine["ids"] and decoded == mine["text"]:
            continue
        different += 1
        if different <= 5:
            print(ascii(text)[:300], theirs.ids[:40], mine["ids"][:40], sep="\n  ")
    print(f"{len(lines)} lines, {sum(len(row['ids']) for row in ours)} ids, {different} lines differ")
    sys.exit(1 if different else 0)


main()
