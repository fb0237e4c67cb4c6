# SPDX-License-Identifier: Apache-2.0
"""What becomes of a program that rankscope.run started when Python is interrupted."""

import contextlib
import ctypes
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import threading
import unittest.mock

from package_case import (PACKAGE, PATIENCE, Case, eventually, is_running, noting_waits,
                          programs_with, tqdm_that_tells, write_program)

import rankscope


class Interrupting(Case):
    BEGIN = """if True:
        import signal, subprocess, sys, threading
        import rankscope
        from package_case import noting_waits, tqdm_that_tells
        sys.modules.update(tqdm_that_tells(lambda: print("at work", flush=True)))
        """

    def python_at_work(self, code):
        """Starts Python on a terminal of its own: process id and the terminal's other end, once the
        program under it has told of its progress. One that is only being started may be left."""
        here = pathlib.Path(__file__).resolve().parent
        variables = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}:{here}"}
        sys.stdout.flush()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, [sys.executable, "-B", "-c", f"{self.BEGIN}\n{code}"],
                      variables)
        self.addCleanup(os.close, terminal)
        said = b""
        while b"at work" not in said:
            self.assertTrue(select.select([terminal], [], [], PATIENCE)[0], "it does not begin")
            said += os.read(terminal, 65536)
        return pid, terminal

    def end_of(self, pid, terminal):
        """What it wrote and its exit status."""
        said = b""
        with contextlib.suppress(OSError):  # the terminal's other side is gone
            while chunk := os.read(terminal, 65536):
                said += chunk
        return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    CODE = """if True:
        subprocess.Popen.wait = noting_waits({folder!r}, {first!r})
        try:
            rankscope.run(*{words!r})
        except KeyboardInterrupt:
            print("interrupted")
        """

    def waiting(self, patience, first=1000):
        """Python and a program at work, to which it gives `first` seconds to end by itself."""
        os.environ["RANKSCOPE_CLI"] = str(write_program(self.folder / "rankscope-cli"))
        return self.python_at_work(
            self.CODE.format(words=("wait", str(self.folder), patience), folder=str(self.folder),
                             first=first))

    def test_ctrl_c_reaches_the_program_once_and_it_may_clean_up(self):
        pid, terminal = self.waiting("clean")
        os.write(terminal, b"\x03")
        said, status = self.end_of(pid, terminal)
        self.assertEqual((said.replace("^C", "").split(), status), (["interrupted"], 0))
        self.assertTrue((self.folder / "cleaned").exists())
        self.assertEqual((self.folder / "interrupts").read_text(), "1")
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def test_another_ctrl_c_ends_it_at_once(self):
        pid, terminal = self.waiting("stubborn")
        os.write(terminal, b"\x03")
        self.assertTrue(eventually((self.folder / "interrupts").exists))
        self.assertTrue(eventually(self.waits))
        os.write(terminal, b"\x03")
        said, status = self.end_of(pid, terminal)
        self.assertEqual((said.replace("^C", "").split(), status), (["interrupted"], 0))
        self.check_it_was_killed()

    def test_a_stubborn_program_is_killed_after_a_while(self):
        pid, terminal = self.waiting("stubborn", first=0.1)
        os.kill(pid, signal.SIGINT)
        said, status = self.end_of(pid, terminal)
        self.assertEqual((said.split(), status), (["interrupted"], 0))
        self.check_it_was_killed()

    def waits(self):
        """For how many seconds Python was ready to wait, each time that it did."""
        notes = self.folder / "waits"
        return notes.read_text().split() if notes.exists() else []

    def check_it_was_killed(self):
        """After Python had been ready to wait for 10 s, and then for its end."""
        self.assertEqual(self.waits(), ["10", "10"])
        for end in ("cleaned", "outlived"):
            self.assertFalse((self.folder / end).exists(), "it ended by itself")
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def test_an_interrupt_of_a_thread(self):
        os.environ["RANKSCOPE_CLI"] = str(write_program(self.folder / "rankscope-cli"))
        begun, caught = threading.Event(), []
        for patch in (unittest.mock.patch.dict(sys.modules, tqdm_that_tells(begun.set)),
                      unittest.mock.patch.object(subprocess.Popen, "wait",
                                                 noting_waits(self.folder, PATIENCE))):
            patch.start()
            self.addCleanup(patch.stop)

        def work():
            try:
                rankscope.run("wait", self.folder, "clean")
            except BaseException as problem:
                caught.append(type(problem))

        thread = threading.Thread(target=work)
        thread.start()
        self.assertTrue(begun.wait(PATIENCE))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident),
                                                   ctypes.py_object(KeyboardInterrupt))
        thread.join(PATIENCE)
        self.assertEqual(caught, [KeyboardInterrupt])
        self.assertTrue((self.folder / "cleaned").exists())
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def calibrating(self, how="rankscope.run(*words)"):
        """The real program under Python, on a terminal."""
        out = self.folder / "calibration.h5"
        words = ("calibrate", "demo", "--samples", "200", "--held-out", "0", "--out", str(out))
        pid, terminal = self.python_at_work(f"words = {words!r}; {how}")
        self.assertTrue(programs_with(out), "the command was too fast to be interrupted")
        return pid, terminal, out

    def check_nothing_is_left(self, out):
        self.assertTrue(eventually(lambda: not programs_with(out)), "the program still runs")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_ctrl_c_stops_the_real_program(self):
        pid, terminal, out = self.calibrating()
        os.write(terminal, b"\x03")
        said, status = self.end_of(pid, terminal)
        self.assertEqual(programs_with(out), [])
        self.assertIn("KeyboardInterrupt", said)
        self.assertEqual(status, -signal.SIGINT)
        self.check_nothing_is_left(out)

    def test_a_killed_python_leaves_no_program(self):
        pid, terminal, out = self.calibrating()
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.end_of(pid, terminal)[1], -signal.SIGKILL)
        self.check_nothing_is_left(out)

    def test_ctrl_c_while_a_thread_runs_it_leaves_no_program(self):
        pid, terminal, out = self.calibrating(
            "threading.Thread(target=rankscope.run, args=words, daemon=True).start();"
            "signal.pause()")
        os.write(terminal, b"\x03")
        self.assertEqual(self.end_of(pid, terminal)[1], -signal.SIGINT)
        self.check_nothing_is_left(out)
