# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package `rankscope` share."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import types
import unittest
import unittest.mock

sys.dont_write_bytecode = True
PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "wheel" / "rankscope"
STAND_IN = pathlib.Path(__file__).resolve().with_name("stand_in.py")
CLI = pathlib.Path(os.environ.get("RANKSCOPE_CLI", "rankscope-cli")).resolve()
PATIENCE = 100  # seconds for what takes a moment on an idle machine

sys.path.insert(0, str(PACKAGE.parent))


def write_program(path):
    """The stand-in as an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexec '{sys.executable}' -S -B '{STAND_IN}' \"$@\"\n")
    path.chmod(0o755)
    return path


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def programs_with(word):
    """Process ids of the programs that were started with `word` as an argument."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if os.fsencode(word) in words:
                found.append(int(entry.name))
    return found


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def noting_waits(folder, first):
    """A Popen.wait that notes in the file `waits` for how long a program is waited for that has
    been told to end. The first such wait may last `first` seconds instead."""
    wait, patience = subprocess.Popen.wait, [first]

    def noted(self, timeout=None):
        if timeout is not None:
            with open(pathlib.Path(folder, "waits"), "a") as notes:
                notes.write(f"{timeout} ")
            timeout = patience.pop() if patience else timeout
        return wait(self, timeout)
    return noted


def tqdm_that_tells(begun):
    """Modules in the place of tqdm which call begun() once the program's first progress is read."""
    class Bar(contextlib.nullcontext):
        def __init__(self, **settings):
            super().__init__()
            self.n = 0

        def set_description(self, label, refresh):
            if self.n == 0:
                self.n = 1
                begun()

        def update(self, more):
            pass

    modules = {name: types.ModuleType(name) for name in ("tqdm", "tqdm.auto")}
    modules["tqdm.auto"].tqdm = Bar
    return modules


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        variables = unittest.mock.patch.dict(os.environ, RANKSCOPE_CLI=str(CLI))
        variables.start()
        self.addCleanup(variables.stop)
        os.environ.pop("RANKSCOPE_TORCH", None)
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)

    def printed(self, *words):
        """The document that the program itself prints with --json."""
        return json.loads(subprocess.run([CLI, *words, "--json"], check=True,
                                         capture_output=True).stdout)
