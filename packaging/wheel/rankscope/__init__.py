# SPDX-License-Identifier: Apache-2.0
"""Rankscope from Python. Imports stand in functions: the programs, too, start through this file."""
import os
from ._launch import PACKAGE, RankscopeError, environment, find

__all__ = ["RankscopeError", "UsageError", "register", "run", "table"]
LISTS = ("spectra", "curves", "entries", "layers", "results", "outputs", "runs", "points",
         "matrices", "pairs", "inputs", "lines", "files")  # the main one of each document


class UsageError(RankscopeError, ValueError):
    """The command was called wrongly (exit code 2)."""


def run(command: str, /, *arguments: object, progress: bool = True, **options: object) -> dict:
    """Runs `rankscope-cli COMMAND ARGUMENTS OPTIONS` and returns the document that --json prints.

    `targets="q"` becomes `--targets q`, `power_law=True` just `--power-law`, a list a comma list;
    None and False are left out. tqdm shows progress if it is installed; warnings are Python's.
    """
    words = ["rankscope-cli", command, "--events", *map(_text, arguments)]
    for name, value in options.items():
        if value is not None and value is not False:
            words += ["--" + name.replace("_", "-")] + ([] if value is True else [_text(value)])
    last, code, said = _follow(words, progress)
    if last.get("event") == "done" and code == 0:
        return last["result"]
    if last.get("event") == "error":
        kind = UsageError if last["exit_code"] == 2 else RankscopeError
        raise kind(last["message"], last["exit_code"], last["subject"])
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    raise RankscopeError(f"rankscope-cli {command} ended without a result ({how}). {said}", code)


def _text(value: object) -> str:
    if isinstance(value, (str, bytes, os.PathLike)):
        return os.fsdecode(value)
    return ",".join(map(_text, value)) if hasattr(value, "__iter__") else str(value)


def _follow(words: list[str], progress: bool) -> tuple[dict, int, str]:
    """A program's last event, exit code and messages. Ctrl+C goes to it, SIGKILL 10 s later."""
    import contextlib, json, signal, subprocess, tempfile, warnings
    event, line, bar = {}, b"", contextlib.nullcontext()
    with contextlib.suppress(ImportError):
        if progress:
            from tqdm.auto import tqdm
            bar = tqdm(total=100, unit="%", delay=0.5, miniters=0, leave=False)
    with tempfile.TemporaryFile() as log, bar:
        # In a session of its own: a terminal's Ctrl+C must reach it only once, from below.
        program = subprocess.Popen(words, executable=find(words[0]), env=environment(), stderr=log,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)
        try:
            with program.stdout:  # closed first, or a program to be stopped might wait for a reader
                for line in program.stdout:
                    event = json.loads(line)
                    if event["event"] == "warning":
                        warnings.warn(event["message"], stacklevel=3)
                    elif event["event"] == "progress" and hasattr(bar, "update"):
                        bar.set_description(event["label"], refresh=False)
                        bar.update(round(100 * event["fraction"]) - bar.n)
            program.wait()
        except BaseException as problem:
            for ending in (signal.SIGINT, signal.SIGKILL):
                program.send_signal(ending)
                with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                    program.wait(timeout=10)
            if isinstance(problem, (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError)):
                raise RankscopeError(f"{words[0]} printed no event but {line[:99]!r}.") from problem
            raise
        return event, program.returncode, os.pread(log.fileno(), 999, 0).decode(errors="replace")


def table(document: dict, part: str | None = None):
    """The main list of a document, or its list `part`, as a DataFrame; curves have a row a rank."""
    try:
        import pandas
    except ImportError as missing:
        raise ImportError("rankscope.table needs pandas: pip install pandas") from missing
    name = next((name for name in ([part] if part else LISTS) if name in document), None)
    if name is None:
        raise ValueError(f"No list {part or 'of rows'} is among {', '.join(document)}.")
    rows = [row if isinstance(row, dict) else {name: row} for row in document[name]]
    if rows and "ranks" in rows[0]:
        rows = [{key: value[i] if isinstance(value, list) else value for key, value in row.items()}
                for row in rows for i in range(len(row["ranks"]))]
    return pandas.json_normalize(rows).rename(columns={"ranks": "rank"})


def register() -> None:
    """Lets transformers load and save factored and pivoted folders without trust_remote_code."""
    from transformers import AutoConfig, AutoModelForSeq2SeqLM
    if not os.path.isdir(os.path.join(PACKAGE, "modeling")):  # a source checkout
        __path__.append(os.path.join(PACKAGE, "../../../core/compress"))
    from .modeling.configuration_rankscope_t5 import RankscopeT5Config as Config
    from .modeling.modeling_rankscope_t5 import RankscopeT5ForConditionalGeneration as Model
    Config.register_for_auto_class()
    Model.register_for_auto_class("AutoModelForSeq2SeqLM")
    AutoConfig.register(Config.model_type, Config, exist_ok=True)
    AutoModelForSeq2SeqLM.register(Config, Model, exist_ok=True)
