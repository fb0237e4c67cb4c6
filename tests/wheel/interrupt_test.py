# SPDX-License-Identifier: Apache-2.0
"""What becomes of a program that rankscope.run started when Python is interrupted."""

import contextlib
import ctypes
import os
import pty
import signal
import sys
import threading
import time

from package_case import (PACKAGE, PATIENCE, Case, eventually, is_running, programs_with,
                          write_program)

import rankscope


class Interrupting(Case):
    def python_in_terminal(self, code):
        """Starts Python on a terminal of its own: process id and the terminal's other end."""
        variables = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
        sys.stdout.flush()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(sys.executable, [sys.executable, "-B", "-c", code], variables)
        self.addCleanup(os.close, terminal)
        return pid, terminal

    def end_of(self, pid, terminal):
        """What it wrote and its exit status."""
        said = b""
        with contextlib.suppress(OSError):  # the terminal's other side is gone
            while chunk := os.read(terminal, 65536):
                said += chunk
        return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    CODE = """if True:
        import rankscope, subprocess, time
        send = subprocess.Popen.send_signal
        def send_later(*arguments):  # or two signals in one moment might arrive as one
            time.sleep(0.2)
            send(*arguments)
        subprocess.Popen.send_signal = send_later
        try:
            rankscope.run(*{words!r}, progress=False)
        except KeyboardInterrupt:
            print("interrupted")
        """

    def waiting(self, patience):
        os.environ["RANKSCOPE_CLI"] = str(write_program(self.folder / "rankscope-cli"))
        pid, terminal = self.python_in_terminal(
            self.CODE.format(words=("wait", str(self.folder), patience)))
        self.assertTrue(eventually((self.folder / "ready").exists))
        return pid, terminal

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
        start = time.monotonic()
        os.write(terminal, b"\x03")
        self.assertTrue(eventually((self.folder / "interrupts").exists))
        os.write(terminal, b"\x03")
        said, status = self.end_of(pid, terminal)
        self.assertLess(time.monotonic() - start, 9)
        self.assertEqual((said.replace("^C", "").split(), status), (["interrupted"], 0))
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def test_a_stubborn_program_is_killed_after_a_while(self):
        pid, terminal = self.waiting("stubborn")
        start = time.monotonic()
        os.kill(pid, signal.SIGINT)
        said, status = self.end_of(pid, terminal)
        self.assertGreater(time.monotonic() - start, 9)
        self.assertEqual((said.split(), status), (["interrupted"], 0))
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def test_an_interrupt_of_a_thread(self):
        os.environ["RANKSCOPE_CLI"] = str(write_program(self.folder / "rankscope-cli"))
        caught = []

        def work():
            try:
                rankscope.run("wait", self.folder, "clean", progress=False)
            except BaseException as problem:
                caught.append(type(problem))

        thread = threading.Thread(target=work)
        thread.start()
        self.assertTrue(eventually((self.folder / "ready").exists))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident),
                                                   ctypes.py_object(KeyboardInterrupt))
        thread.join(PATIENCE)
        self.assertEqual(caught, [KeyboardInterrupt])
        self.assertTrue((self.folder / "cleaned").exists())
        self.assertFalse(is_running((self.folder / "pid").read_text()))

    def calibrating(self, how="rankscope.run(*words)"):
        """The real program at work under Python, on a terminal."""
        out = self.folder / "calibration.h5"
        words = ("calibrate", "demo", "--samples", "200", "--held-out", "0", "--out", str(out))
        pid, terminal = self.python_in_terminal(
            f"import rankscope, threading, time; words = {words!r}; {how}")
        self.assertTrue(eventually(lambda: programs_with(out)))
        time.sleep(0.5)
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
            "time.sleep(600)")
        os.write(terminal, b"\x03")
        self.assertEqual(self.end_of(pid, terminal)[1], -signal.SIGINT)
        self.check_nothing_is_left(out)
