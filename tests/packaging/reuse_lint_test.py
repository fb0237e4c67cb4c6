#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`reuse lint`: every file states its copyright and licence, and every licence's text is there.

    reuse_lint_test.py SOURCE

`./dev lint` sets the program up; without it, or outside a clone, exits with 77 (skipped).
"""
import pathlib
import shutil
import subprocess
import sys


def main():
    source = pathlib.Path(sys.argv[1])
    own = source / "build" / "python" / "reuse" / "bin" / "reuse"
    reuse = own if own.exists() else shutil.which("reuse")
    if not reuse or not (source / ".git").exists():
        print("reuse is not installed (./dev lint does it), or this is no clone.")
        return 77
    return subprocess.run([reuse, "--root", source, "lint"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
