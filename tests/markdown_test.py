#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on Markdown prose over 100 columns, or on a relative link whose target does not exist.

Tables, code blocks and lines without a space to break at may be longer; a heading may not. Run by
CTest; `markdown_test.py --self-test` proves that each kind of violation is found.
"""
import os
import pathlib
import re
import sys
import unicodedata
import urllib.parse

COLUMNS = 100
FENCE = re.compile(r"\s*(```+|~~~+)")
# What may stand before the text of a line: indent, quotes, a list item's mark, a heading's.
MARK = re.compile(r"\s*(> ?)*([-*+] +|\d+[.)] +|#+ +)?")
ITEM = re.compile(r"\s*([-*+]|\d+[.)]) ")
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)>?[^)]*\)      # [text](target "title")
                      |^\s*\[[^\]]+\]:\s+<?([^\s>]+)     # [name]: target
                      |\b(?:src|href)="([^"]+)"          # HTML""", re.MULTILINE | re.VERBOSE)
NOT_RELATIVE = re.compile(r"[a-zA-Z][\w+.-]*:|#|//")
# Not ours: what is built or installed here.
SKIPPED = re.compile(r"\..*|build|venv|node_modules|__pycache__")


def without_code_blocks(text):
    """The lines of the text, those of fenced and indented code blocks empty."""
    fence, in_list, after_blank = "", False, True
    for line in text.splitlines():
        mark = FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
            yield ""
        elif mark:
            fence = mark[1]
            yield ""
        elif line.startswith("    ") and after_blank and not in_list:
            yield ""
            continue  # the block goes on without a blank line
        else:
            yield line
        if line.strip():
            in_list = bool(ITEM.match(line)) or in_list and (line[0] == " " or not after_blank)
        after_blank = not line.strip()


def columns(line):
    return sum(not unicodedata.combining(character) for character in line)


def is_too_long(line):
    is_table = line.lstrip().startswith("|")
    return columns(line) > COLUMNS and not is_table and " " in line[MARK.match(line).end():].strip()


def links_of(prose):
    """Line numbers and targets."""
    bare = CODE_SPAN.sub(lambda span: re.sub(r"[^\n]", " ", span[0]), prose)
    for link in LINK.finditer(bare):
        yield bare.count("\n", 0, link.start(link.lastindex)) + 1, link[link.lastindex]


def violations_of(path, text, exists):
    """`exists` tells of a path from the root whether it is there."""
    lines = list(without_code_blocks(text))
    for number, line in enumerate(lines, 1):
        if is_too_long(line):
            yield f"{path}:{number}: {columns(line)} columns, at most {COLUMNS}"
    for number, link in links_of("\n".join(lines)):
        if NOT_RELATIVE.match(link):
            continue
        target = urllib.parse.unquote(re.split("[#?]", link)[0])
        folder = "" if target.startswith("/") else os.path.dirname(path)
        if not exists(os.path.normpath(os.path.join(folder, target.lstrip("/")))):
            yield f"{path}:{number}: no file {link}"


def check(root):
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not SKIPPED.fullmatch(name))
        for name in sorted(files):
            path = pathlib.Path(folder, name)
            if path.suffix == ".md":
                found += violations_of(path.relative_to(root).as_posix(),
                                       path.read_text(encoding="utf-8"),
                                       lambda target: (root / target).exists())
    return found


def self_test():
    long = "word " * 20 + "w"  # one column too many
    bad = [long, f"- {long}", f"# {long}", f"text\n    {long}", f"- item\n\n    {long}",
           f"```\ncode\n```\n{long}", f"    code\n\n{long}",
           "[a](gone.md)", "![a](images/gone.png)", "[two\nlines](gone.md#part)",
           "[a]: gone.md", '<img src="gone.png">', "`code` and [a](/docs/gone.md)",
           "- [a](../docs/gone.md)", "~~~\ncode\n~~~\n[a](gone.md)"]
    good = ["word " * 20, f"| {long} |", f"```sh\n{long}\n```", f"    {long}\n    {long}",
            f"~~~\n```\n{long}\n~~~", "- " + "w" * 120, f"- item\n\ntext\n\n    {long}",
            "x\u0303" * 60 + " " + "x" * 39, "[a](here.md) and [b](here.md#part \"title\")",
            "[a](https://example.org/gone.md)", "[a](#part)", "[a](/docs/here.md)",
            "[a](../docs/here.md)", "`[a](gone.md)`", "``a ` [a](gone.md)``",
            "```\n[a](gone.md)\n```", "[a](two%20words.md)"]
    there = {"docs/here.md", "docs/two words.md"}
    found = {text: list(violations_of("docs/a.md", text, there.__contains__))
             for text in bad + good}
    return ([f"not found: {text!r}" for text in bad if not found[text]] +
            [f"found in {text!r}: {found[text][0]}" for text in good if found[text]])


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(found) or "markdown: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
