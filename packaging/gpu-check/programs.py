# SPDX-License-Identifier: Apache-2.0
"""Rankscope's programs, installed or built, as the steps call them."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

from worker import Worker

# What is packed beside the wheel (pack): the tests and the programs that measure.
TEST_PROGRAM = "cuda_test"
MEASURING = ["rankscope-bench-evaluate", "rankscope-bench-spectra", "rankscope-bench-methods",
             "rankscope-bench-calibrate"]


def torch_folder():
    """The folder of this Python's PyTorch, which is not imported for it; empty where it has none."""
    found = importlib.util.find_spec("torch")
    return found.submodule_search_locations[0] if found else ""


def cores():
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


class Failed(Exception):
    """A program ended with an error."""


class Programs:
    """`cache` keeps apart what must not find each other's spectra."""

    def __init__(self, findings, cache="device"):
        self.cli = pathlib.Path(findings.context["cli"] or findings.state["cli"])
        self.folder = self.cli.parent
        work = findings.work
        self.environment = {**os.environ, **{
            f"XDG_{kind}_HOME": str(work / f"{kind.lower()}-{cache}")
            for kind in ("CACHE", "CONFIG", "STATE")}}
        if torch_folder():
            self.environment.setdefault("RANKSCOPE_TORCH", torch_folder())
        self.threads = cores()
        self.work = work

    def output(self, command, **options):
        """What a command prints; Failed with its last words where its status is not 0."""
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=self.environment, **options)
        sys.stderr.write(done.stderr)
        if done.returncode != 0:
            words = " ".join(map(str, command[:2]))
            raise Failed(f"{words} … ended with status {done.returncode}: "
                         f"{done.stderr.strip()[-500:] or done.stdout.strip()[-500:]}")
        return done.stdout

    def run(self, *words):
        """The JSON document of a command of rankscope-cli."""
        return json.loads(self.output([self.cli, *words, "--json", "--quiet"]))

    def measure(self, program, *words):
        """The JSON document of a program that measures and ends."""
        return json.loads(self.output([self.folder / program, *words]))

    def worker(self, program, *words):
        """A program that loads a model and answers line by line."""
        return Worker([self.folder / program, *words], self.threads, self.environment)

    def demo(self):
        return self.folder.parent / "share" / "rankscope" / "demo"


def peer(script, *words):
    """The command of a contender in Python."""
    folder = next(pathlib.Path(path) for path in sys.path
                  if (pathlib.Path(path) / script).is_file())
    return [sys.executable, folder / script, *words]


def installed(package):
    return importlib.util.find_spec(package) is not None
