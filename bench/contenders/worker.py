# SPDX-License-Identifier: Apache-2.0
"""A contender in a process of its own, which answers line by line."""
import json
import os
import subprocess


class Ended(Exception):
    """A contender's process has ended before it answered."""


class Worker:
    def __init__(self, command, threads, environment=None, log=None):
        """The first line that the command writes says that it is ready."""
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false",
                 "TRANSFORMERS_VERBOSITY": "error", **(environment or {})})
        self.ready = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            raise Ended(f"{' '.join(self.command)} ended with status {status} before it answered")
        return json.loads(line)

    def ask(self, request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says with which status it ended
        return self.answer()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0] is not None:
            self.process.kill()
        self.close()
