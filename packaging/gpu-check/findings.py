# SPDX-License-Identifier: Apache-2.0
"""How a step tells its results to the process that keeps the record."""
import json
import pathlib
import time


class Skip(Exception):
    """Why a step cannot be done here though nothing is wrong."""


class Findings:
    """What a step was given, and where it tells its results."""

    def __init__(self, context, stream):
        self.begin = time.monotonic()
        self.stream = stream
        self.work = pathlib.Path(context["work"])
        self.device, self.small = context["device"], context["small"]
        self.seconds, self.context, self.state = context["seconds"], context, context["state"]

    def left(self):
        return self.seconds - (time.monotonic() - self.begin)

    def _tell(self, **result):
        self.stream.write(json.dumps(result) + "\n")
        self.stream.flush()

    def fact(self, name, value):
        self._tell(fact=name, value=value)

    def note(self, sentence):
        self._tell(note=sentence)

    def check(self, what, reached, asked, passed):
        self._tell(check=what, reached=reached, asked=asked, passed=bool(passed))

    def at_most(self, what, reached, bound):
        self.check(what, reached, f"<= {bound:g}", reached <= bound)

    def row(self, **columns):
        self._tell(row=columns)

    def goal(self, what, reached, asked):
        self._tell(goal=what, reached=reached, asked=f">= {asked:g}", met=bool(reached >= asked))

    def keep(self, **state):
        """For the steps after this one."""
        self._tell(state=state)
        self.state.update(state)

    def status(self, word, reason):
        self._tell(status=word, reason=reason)
