# SPDX-License-Identifier: Apache-2.0
"""Stands in for rankscope-cli in python_package_test.py; what it does is named by the command."""

import json
import os
import pathlib
import signal
import sys
import time

LONGEST = 200  # seconds, so that no test that fails leaves it behind


def event(**fields):
    # In bytes: an argument may be no UTF-8, and standard output closed.
    os.write(1, json.dumps(fields).encode() + b"\n")


def done(result):
    event(event="done", result=result)


def echo():
    done({"arguments": [os.fsencode(word).hex() for word in sys.argv[1:]],
          "folder": os.getcwd(), "input": sys.stdin.read(), "pid": os.getpid(),
          "environment": dict(os.environ), "session": os.getsid(0)})


def flood():
    """Far more than a pipe holds, on both streams."""
    for _ in range(64):
        os.write(2, b"x" * 65536)
    done("y" * (4 << 20))


def progress():
    for fraction in (0.25, 0.75, 0.5):
        event(event="progress", fraction=fraction, label=f"at {fraction}")
    event(event="warning", message="Something is odd.")
    done({})


def wait(folder, patience):
    """Works until it is interrupted, then cleans up once it is waited for; notes what happened in
    files. One that is stubborn does not listen."""
    folder = pathlib.Path(folder)
    interrupts = []

    def interrupted(*_):
        interrupts.append(1)
        with open(folder / "interrupts", "a") as notes:  # two handlers may run at a time
            notes.write("1")

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    (folder / "pid").write_text(str(os.getpid()))
    end = time.monotonic() + LONGEST
    while not (interrupts and patience == "clean" and (folder / "waits").exists()):
        if time.monotonic() > end:
            (folder / "outlived").touch()
            sys.exit(1)
        time.sleep(0.02)
        try:
            event(event="progress", fraction=0.5, label="waiting")
        except BrokenPipeError:
            pass
    (folder / "cleaned").touch()
    sys.exit(130)


def garbage(folder):
    pathlib.Path(folder, "pid").write_text(str(os.getpid()))
    while True:
        print("Hello, I am no rankscope-cli.", flush=True)


def no_utf8():
    os.write(1, b'{"event": "done", "result": "\xff\xfe"}\n')


def a_number():
    os.write(1, b"42\n")


def nothing():
    pass


def crash():
    os.write(2, "A library is missing: lib\xe9.so".encode("latin-1"))
    sys.exit(3)


def killed():
    event(event="progress", fraction=0.5, label="half")
    os.kill(os.getpid(), signal.SIGKILL)


def late_crash():
    done({})
    sys.exit(4)


# argv[1] is the command, argv[2] "--events".
globals()[sys.argv[1].replace("-", "_")](*([] if sys.argv[1] == "echo" else sys.argv[3:]))
