# SPDX-License-Identifier: Apache-2.0
"""Checks and times Rankscope on a GPU within a budget of time; README.md says what and how.

Every step runs in a process of its own (child.py) with its own limit. A step that fails or takes
too long says so and the next one goes on. The exit code is 0 where every step passed its checks or
had a reason to be skipped, and 1 elsewhere; goals of speed that were missed do not count.
"""
import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from plan import PLAN
from record import Record

HERE = pathlib.Path(__file__).resolve().parent
BUDGET = 420  # seconds
LEAST = 10  # seconds that a step is begun for
PATIENCE = 5  # times as long with --small, which is tried on machines that have other work



def arguments_of(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=os.environ.get("OUT"),
                        help="folder of the results (default: $OUT)")
    parser.add_argument("--device", default="cuda", help="cuda or cpu (default: cuda)")
    parser.add_argument("--budget", type=float, help=f"seconds of all steps ({BUDGET})")
    parser.add_argument("--small", action="store_true",
                        help="tiny models and few dialogues, to try the script itself")
    parser.add_argument("--wheel", type=pathlib.Path, help="Rankscope's wheel (default: the one in "
                        "the packed folder, build/gpu-check or this script's own)")
    parser.add_argument("--cli", type=pathlib.Path, help="an installed rankscope-cli instead of a "
                        "wheel; the other programs lie beside it")
    parser.add_argument("--work", type=pathlib.Path, help="folder for models, kept afterwards "
                        "(default: a temporary one)")
    parser.add_argument("--steps", help="only these, a comma list: " +
                        ",".join(step.name for step in PLAN))
    arguments = parser.parse_args(words)
    arguments.patience = PATIENCE if arguments.small else 1
    arguments.budget = arguments.budget or BUDGET * arguments.patience
    if arguments.out is None:
        parser.error("name a folder for the results with --out, or in the variable OUT")
    known = {step.name for step in PLAN}
    arguments.steps = arguments.steps.split(",") if arguments.steps else [s.name for s in PLAN]
    if unknown := set(arguments.steps) - known:
        parser.error(f"--steps: no step is called {', '.join(sorted(unknown))}")
    return arguments


def packed_folder():
    """Where pack has put the wheel and the programs: this folder if it was copied, else build/."""
    for folder in (HERE.parent, HERE.parents[1] / "build" / "gpu-check"):
        if list(folder.glob("*.whl")):
            return folder
    return None


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30,
                              check=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return "not known"


def version_of(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def machine():
    processor = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpu = first_line("nvidia-smi", "--query-gpu=name,driver_version,memory.total,compute_cap",
                     "--format=csv,noheader")
    packages = {name: version_of(name) for name in ("torch", "transformers", "numpy", "safetensors")}
    return {"GPU, driver, memory, compute capability": gpu, "processor": processor,
            "cores": len(os.sched_getaffinity(0)), "memory, GB": round(memory / 1e9, 1),
            "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
            "Python": platform.python_version(), **packages}


class Stopped(Exception):
    """The user or the system asked for the end."""


def stop(number, _frame):
    raise Stopped(signal.Signals(number).name)


class StepProcess:
    """A step in a child process with all that it starts, and its results as they come."""

    def __init__(self, name, context, log):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "child.py"), name, str(context)],
            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def results(self, limit):
        """Yields what the child tells, line by line, until it ends; kills it after `limit` s."""
        end = time.monotonic() + limit
        os.set_blocking(self.process.stdout.fileno(), False)
        selector = selectors.DefaultSelector()
        selector.register(self.process.stdout, selectors.EVENT_READ)
        rest = b""
        while True:
            left = end - time.monotonic()
            if left <= 0:
                self.kill()
                yield {"status": "out of time"}
                return
            if not selector.select(min(left, 1.0)):
                continue
            chunk = self.process.stdout.read()
            if chunk == b"":
                break
            *lines, rest = (rest + (chunk or b"")).split(b"\n")
            yield from map(json.loads, lines)
        try:
            code = self.process.wait(timeout=max(1.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = None
        self.kill()  # what it may have left behind
        if code != 0:
            yield {"status": "failed", "reason": f"The step's process ended with code {code}; "
                                                 "gpu-check.log has what it said."}

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.out = arguments.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.own_work = arguments.work is None
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="gpu-check-")) if self.own_work \
            else arguments.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.begin = time.monotonic()
        packed = packed_folder()
        wheels = sorted(packed.glob("*.whl")) if packed else []
        wheel = arguments.wheel or (wheels[-1] if wheels else None)
        self.context = {
            "device": arguments.device, "small": arguments.small, "work": str(self.work),
            "wheel": str(wheel.resolve()) if wheel else "",
            "programs": str(packed / "programs") if packed else "",
            "cli": str(arguments.cli.resolve()) if arguments.cli else "", "state": {}}
        self.log = open(self.out / "gpu-check.log", "w")
        plan = [(step.name, step.title) for step in PLAN if step.name in arguments.steps]
        settings = {"device": arguments.device, "sizes": "small" if arguments.small else "whole",
                    "budget, s": arguments.budget,
                    "begun": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
                    "installed from": wheel.name if wheel and not arguments.cli else "--cli"}
        self.record = Record(self.out, machine(), settings, plan)

    def left(self):
        return self.arguments.budget - (time.monotonic() - self.begin)

    def run(self):
        for step in PLAN:
            if step.name not in self.arguments.steps:
                continue
            entry = self.record.step(step.name)
            limit = min(step.limit * self.arguments.patience, self.left())
            if limit < LEAST / self.arguments.patience:
                entry["reason"] = "The budget of time was used up."
                continue
            missing = [name for name in step.after if not self.done(name)]
            if missing:
                entry["status"], entry["reason"] = "skipped", f"It needs {missing[0]}."
                if self.record.step(missing[0])["status"] != "skipped":
                    entry["status"] = "not reached"
                continue
            entry["limit"] = limit
            self.run_step(step, entry, limit)

    def done(self, name):
        """That a step has made what others need. It may have failed a check."""
        if name not in self.arguments.steps:
            return True  # of a former run with the same --work
        return self.record.step(name)["facts"].get("made") is True

    def run_step(self, step, entry, limit):
        print(f"{step.title} …", file=sys.stderr, flush=True)
        self.log.write(f"\n=== {step.title}\n")
        self.log.flush()
        context = self.work / "context.json"
        self.context["seconds"] = limit
        context.write_text(json.dumps(self.context))
        entry["status"], start = "running", time.monotonic()
        process = StepProcess(step.name, context, self.log)
        try:
            for result in process.results(limit):
                self.take(entry, result)
                entry["seconds"] = time.monotonic() - start
                self.record.add(step.name, result)
        finally:
            process.kill()
            if entry["status"] == "running":
                entry["status"] = "passed"
            if entry["status"] == "passed" and not all(c["passed"] for c in entry["checks"]):
                entry["status"] = "failed"
                entry["reason"] = "; ".join(c["check"] for c in entry["checks"] if not c["passed"])
            entry["seconds"] = time.monotonic() - start
            self.record.write()
            print(f"  {entry['status']} after {entry['seconds']:.1f} s. {entry['reason']}",
                  file=sys.stderr, flush=True)

    def take(self, entry, result):
        if "status" in result:
            entry["status"] = result["status"]
            entry["reason"] = result.get("reason", entry["reason"])
        if "state" in result:
            self.context["state"].update(result["state"])

    def end(self, finished):
        self.record.document["finished"] = finished
        self.record.document["seconds"] = time.monotonic() - self.begin
        self.record.write()
        self.log.close()
        if self.own_work:
            shutil.rmtree(self.work, ignore_errors=True)


def main():
    arguments = arguments_of(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    run = Run(arguments)
    finished = False
    try:
        run.run()
        finished = True
    except Stopped as reason:
        run.record.document["stopped"] = str(reason)
    except Exception:  # the files must say what was found so far, and why no more
        run.record.document["error"] = traceback.format_exc()
        traceback.print_exc()
    finally:
        run.end(finished)
    print((run.out / "gpu-check.md").read_text() if not arguments.small else
          f"{run.out / 'gpu-check.md'}: {'passed' if run.record.passed() else 'failed'}")
    return 0 if finished and run.record.passed() else 1


if __name__ == "__main__":
    sys.exit(main())
