#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""programs_of.py NAME: the test programs that hold a test whose Suite.Name matches NAME (a regular
expression, as of ctest -R), one a line; nothing for a test that is no GoogleTest."""
import pathlib
import re
import sys

TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
PROGRAM = re.compile(r"rankscope_test\(\s*(\w+)([^)]*)\)")


def main():
    wanted = re.compile(sys.argv[1])
    root = pathlib.Path(__file__).resolve().parent
    for lists in sorted(root.rglob("CMakeLists.txt")):
        for name, arguments in PROGRAM.findall(lists.read_text(encoding="utf-8")):
            sources = [lists.parent / word for word in arguments.split() if word.endswith("_test.cpp")]
            if any(wanted.search(f"{suite}.{test}") for source in sources if source.exists()
                   for suite, test in TEST.findall(source.read_text(encoding="utf-8"))):
                print(name)


if __name__ == "__main__":
    main()
