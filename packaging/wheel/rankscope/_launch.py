# SPDX-License-Identifier: Apache-2.0
"""Finds the programs and becomes them; imports next to nothing, so that they start at once."""
import os
import sys
PACKAGE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(PACKAGE, "_program", "bin")


class RankscopeError(RuntimeError):
    """A sentence, the exit code (negative: killed by that signal) and what file it is about."""
    def __init__(self, sentence: str, exit_code: int | None = None, subject: str = "") -> None:
        super().__init__(sentence)
        self.exit_code, self.subject = exit_code, subject


def find(name: str) -> str:
    """A program's path: in the wheel its own, else the one RANKSCOPE_CLI names, else on PATH."""
    if os.path.isdir(PROGRAMS):
        return os.path.join(PROGRAMS, name)
    from shutil import which
    wanted = os.environ.get("RANKSCOPE_CLI") or name
    path = which(wanted)
    if path is None or path == sys.argv[0]:  # a console script is not what it looks for
        raise RankscopeError(f"There is no program {wanted}: set RANKSCOPE_CLI to a rankscope-cli.")
    return os.path.abspath(path)


def environment() -> dict[str, str]:
    """The program's environment: says where torch is if the package does not lie beside it."""
    variables = dict(os.environ)
    beside = os.path.isdir(os.path.join(os.path.dirname(PACKAGE), "torch", "lib"))
    if os.path.isdir(PROGRAMS) and not beside and not variables.get("RANKSCOPE_TORCH"):
        from importlib.util import find_spec  # does not import what it finds
        spec = find_spec("torch")
        if spec and spec.origin and spec.submodule_search_locations:
            variables["RANKSCOPE_TORCH"] = spec.submodule_search_locations[0]
    return variables


def cli(name: str = "rankscope-cli") -> None:
    """Replaces Python by the program, which gets the same arguments."""
    try:
        os.execve(find(name), [name, *sys.argv[1:]], environment())
    except (OSError, RankscopeError) as problem:
        sys.exit(f"{name}: {problem}")


def window() -> None:
    cli("rankscope")
