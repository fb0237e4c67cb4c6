# SPDX-License-Identifier: Apache-2.0
"""The script for the first run on a GPU, tried without one.

    gpu_check_test.py BUILD_FOLDER SOURCE_FOLDER [STAND_IN_BACKEND]
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
SOURCE = pathlib.Path(sys.argv.pop(1)).resolve()
STAND_IN = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1].endswith(".so") else ""
RUN = SOURCE / "packaging" / "gpu-check" / "run"
sys.path.insert(0, str(RUN.parent))
from plan import PLAN


class GpuCheck(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name) / "out"

    def command(self, *words, cli=BUILD / "bin" / "rankscope-cli"):
        return [str(RUN), "--small", "--cli", str(cli), "--out", str(self.out), *words]

    def environment(self, **more):
        # The tests' models are too small for threads to be of use.
        return {**os.environ, "PYTHON": sys.executable, "OMP_NUM_THREADS": "1", **more}

    def document(self):
        document = json.loads((self.out / "gpu-check.json").read_text())
        self.assertIn("# First run on a GPU", (self.out / "gpu-check.md").read_text())
        return document, {step["name"]: step for step in document["steps"]}

    def program(self, text):
        path = pathlib.Path(self.folder.name) / "rankscope-cli"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def test_every_step_on_the_cpu(self):
        done = subprocess.run(self.command("--device", "cpu"), env=self.environment(),
                              capture_output=True, text=True)
        document, steps = self.document()
        self.assertEqual(list(steps), [step.name for step in PLAN])
        told = {name: f"{step['status']} {step['reason']}" for name, step in steps.items()}
        self.assertEqual({name for name, step in steps.items() if step["status"] != "passed"},
                         {"install", "tests"}, told)
        self.assertIn("--cli", told["install"])
        self.assertIn("no GPU", told["tests"])
        self.assertTrue(document["finished"])
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("demo", "parity", "spectra", "factors", "half"):
            self.assertTrue(steps[name]["checks"], name)
        for name in ("float32", "bfloat16", "spectra", "half", "calibration", "large"):
            self.assertTrue(steps[name]["rows"], name)
        contenders = {row["contender"] for row in steps["float32"]["rows"]}
        self.assertTrue("transformers" in contenders or any(
            "transformers is not installed" in note for note in steps["float32"]["notes"]))

    @unittest.skipUnless(STAND_IN, "no stand-in for a GPU was built")
    def test_the_ways_of_a_gpu(self):
        done = subprocess.run(
            self.command("--device", "cuda", "--steps", "install,doctor,model,parity,factors"),
            env=self.environment(RANKSCOPE_BACKEND=STAND_IN), capture_output=True, text=True)
        _, steps = self.document()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(steps["doctor"]["facts"]["gpus"], ["cuda:0"])
        self.assertEqual(len(steps["factors"]["rows"]), 3)  # two numbers of threads, and the CPU

    def test_a_failure_is_told_and_the_next_step_goes_on(self):
        cli = self.program("echo broken by the test >&2; exit 3\n")
        done = subprocess.run(self.command("--device", "cpu", "--steps", "install,doctor,tests,demo",
                                           cli=cli), env=self.environment(), capture_output=True)
        document, steps = self.document()
        self.assertEqual(done.returncode, 1)
        self.assertTrue(document["finished"])
        self.assertEqual({name: step["status"] for name, step in steps.items()},
                         {"install": "skipped", "doctor": "failed", "tests": "failed",
                          "demo": "failed"})
        self.assertIn("broken by the test", steps["doctor"]["reason"])
        self.assertIn("cuda_test is not beside", steps["tests"]["reason"])

    def test_a_step_that_hangs_ends_with_its_time(self):
        cli = self.program("sleep 1000\n")  # longer than this test may take
        done = subprocess.run(self.command("--device", "cpu", "--budget", "12", "--steps",
                                           "install,doctor,model", cli=cli), env=self.environment(),
                              capture_output=True)
        _, steps = self.document()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(steps["doctor"]["status"], "out of time")
        self.assertEqual(steps["model"]["status"], "not reached")
        self.assertIn("budget", steps["model"]["reason"])

    def test_an_interrupted_run_leaves_whole_files_and_no_process(self):
        mark = f"{os.getpid()}.{time.monotonic_ns()}"
        cli = self.program(f"exec bash -c 'exec -a rankscope-{mark} sleep 1000'\n")
        run = subprocess.Popen(self.command("--device", "cpu", "--steps", "install,doctor", cli=cli),
                               env=self.environment(), stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        self.wait_for(lambda: self.processes(mark))
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=30), 1)
        document, _ = self.document()
        self.assertFalse(document["finished"])
        self.assertEqual(document["stopped"], "SIGTERM")
        self.wait_for(lambda: not self.processes(mark))

    def processes(self, mark):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"rankscope-{mark}" in path.read_bytes().decode(errors="replace").split("\0")[0]:
                    found.append(path)
            except OSError:
                pass  # has ended meanwhile
        return found

    def wait_for(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen within 30 s")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
