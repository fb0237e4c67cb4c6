#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the Python package `rankscope` that need nothing but Python and a rankscope-cli.

  python_package_test.py --cli PATH [unittest's arguments, e.g. -v or run_test]

What needs pandas or transformers is in tests/interop/package_test.py.
"""

import argparse
import os
import pathlib
import sys
import unittest

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True, type=pathlib.Path)
    given, rest = parser.parse_known_args()
    os.environ["RANKSCOPE_CLI"] = str(given.cli.resolve(strict=True))
    named = [word for word in rest if not word.startswith("-")]
    modules = [] if named else ["run_test", "interrupt_test", "launch_test"]
    unittest.main(module=None, argv=[sys.argv[0], *rest, *modules])
