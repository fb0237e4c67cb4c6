#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bash, zsh and fish complete commands, options, choices, files and checkpoints.

    completions_test.py RANKSCOPE_CLI SHARE

bash's functions are called with COMP_WORDS set, and pressed TAB for in a terminal; zsh is in a
terminal too, fish is asked by `complete -C`. A shell that is not installed is skipped. What is expected
comes from --help.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import command_help

CLI = SHARE = None
ASK_BASH = r"""
set -u
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_rankscope_cli
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(*words, folder="/", environment=None):
    """What bash offers for the last word."""
    script = SHARE / "bash-completion" / "completions" / "rankscope-cli"
    run = subprocess.run(["bash", "-c", ASK_BASH, "bash", script, "rankscope-cli", *words],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
                         env={"PATH": os.environ["PATH"], "HOME": "/none", **(environment or {})},
                         check=True)
    errors = run.stderr.replace("compopt: not currently executing completion function", "")
    if "error" in errors.lower() or "unbound" in errors:
        raise AssertionError(run.stderr)
    return run.stdout.splitlines()


def fish(line, folder="/"):
    script = SHARE / "fish" / "vendor_completions.d" / "rankscope-cli.fish"
    run = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', script,
                          f"rankscope-cli {line}"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
                         env={"PATH": os.environ["PATH"], "HOME": "/none"}, check=True)
    if run.stderr:
        raise AssertionError(run.stderr)
    return [line.split("\t")[0] for line in run.stdout.splitlines()]


def folder_of_models():
    folder = tempfile.TemporaryDirectory()
    (pathlib.Path(folder.name) / "my model").mkdir()
    for name in ("weights.safetensors", "dialogues.json"):
        (pathlib.Path(folder.name) / name).write_text("")
    return folder


def typed(command, start, keys, folder):
    """The arguments that a shell in a terminal passes after `keys`, of which some are tabs."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, {"PATH": os.environ["PATH"], "HOME": folder, "TERM": "dumb"})
    text = b""

    def read_until(mark):
        nonlocal text
        end = time.monotonic() + 30
        while mark not in text:
            if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{mark} did not come: {text!r}")
            text += os.read(terminal, 65536)

    try:
        # The quotes keep the echo of what is typed apart from what is printed.
        show = "rankscope-cli() { printf '<%s>' \"$@\"; echo '<e'nd'>'; }"
        os.write(terminal, f"{start}; {show}; echo rea''dy\n".encode())
        read_until(b"ready\r\n")
        os.write(terminal, f"rankscope-cli {keys}\n".encode())
        read_until(b"<end>")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)
    return re.findall(r"<([^<>]*)>", text.decode(errors="replace").rsplit("<end>", 1)[0].split("ready\r\n")[-1])


class Bash(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(bash(""), command_help.commands(CLI))
        self.assertEqual(bash("co"), ["compare", "compress"])
        self.assertEqual(bash("xyz"), [])

    def test_options_of_every_command(self):
        for command in command_help.commands(CLI):
            expected = [name for names in command_help.options(CLI, command)
                        for name in names.split(",")]
            self.assertEqual(sorted(bash(command, "-")), sorted(expected), command)
        self.assertEqual(sorted(bash("-")), ["--help", "--version", "-h"])
        self.assertEqual(bash("plan", "demo", "--alloc"), ["--allocation", "--allocation-error"])

    def test_every_choice_that_the_help_lists(self):
        found = 0
        for command in command_help.commands(CLI):
            for option, (value, text) in command_help.options(CLI, command).items():
                if command_help.choices(text):
                    found += 1
                    self.assertEqual(bash(command, option, ""), command_help.choices(text), option)
        self.assertGreater(found, 30)

    def test_choices_by_their_beginning_and_after_an_equals_sign(self):
        self.assertEqual(bash("plan", "demo", "--method", "wh"), ["whitened"])
        self.assertEqual(bash("plan", "demo", "--method", "=", "wh"), ["whitened"])
        self.assertEqual(bash("plan", "--method", "=", "svd", "--storage", "pi"), ["pivoted"])
        self.assertEqual(bash("plan", "--method", "="),
                         command_help.choices(command_help.options(CLI, "plan")["--method"][1]))
        # Without = in COMP_WORDBREAKS the word comes whole.
        self.assertEqual(bash("plan", "--method=wh"), ["--method=whitened"])

    def test_comma_lists(self):
        roles = bash("spectrum", "--targets", "")
        text = command_help.options(CLI, "spectrum")["--targets"][1]
        listed = re.findall(r"\(([a-z0-9_,]+)\)", text)
        self.assertEqual(sorted(roles), sorted(",".join(listed).split(",")))
        self.assertEqual(bash("spectrum", "--targets", "q,k,at"), ["q,k,attention"])
        self.assertNotIn("q,q", bash("spectrum", "--targets", "q,"))
        self.assertEqual(bash("evaluate", "demo", "--metrics", "loss,"), ["loss,rouge"])
        self.assertEqual(bash("pareto", "demo", "--methods", "svd,whi"), ["svd,whitened"])
        self.assertEqual(bash("pareto", "demo", "--allocations", "uni"), ["uniform"])

    def test_numbers_and_texts_offer_nothing(self):
        self.assertEqual(bash("plan", "demo", "--rank", ""), [])
        self.assertEqual(bash("generate", "demo", "--text", ""), [])

    def test_files_folders_and_checkpoints(self):
        with folder_of_models() as folder:
            hub = pathlib.Path(folder, "hub", "models--google--flan-t5-base")
            hub.mkdir(parents=True)
            here = {"folder": folder, "environment": {"HF_HUB_CACHE": str(hub.parent)}}
            self.assertEqual(sorted(bash("plan", "demo", "--plan", "", **here)),
                             ["dialogues.json", "hub", "my model", "weights.safetensors"])
            self.assertEqual(bash("report", "demo", "--out", "m", **here), ["my model"])
            self.assertEqual(sorted(bash("inspect", "", **here)),
                             ["demo", "google/flan-t5-base", "hub", "my model",
                              "weights.safetensors"])
            self.assertEqual(bash("inspect", "goo", **here), ["google/flan-t5-base"])
            for name in ("HF_HOME", "XDG_CACHE_HOME"):
                cache = pathlib.Path(folder, name, *(["huggingface"] if name[0] == "X" else []))
                (cache / "hub" / f"models--{name.lower()}").mkdir(parents=True)
                self.assertEqual(bash("inspect", name.lower(), folder=folder,
                                      environment={name: str(pathlib.Path(folder, name))}),
                                 [name.lower()])

    def test_as_many_checkpoints_as_the_command_takes(self):
        self.assertIn("demo", bash("compare", "demo", "d"))
        self.assertIn("demo", bash("evaluate", "a", "b", "c", "--limit", "3", "d"))
        self.assertIn("--json", bash("compare", "demo", "--out", "x.csv", "demo", ""))
        self.assertIn("--json", bash("inspect", "demo", ""))
        self.assertIn("--json", bash("doctor", ""))

    def test_nothing_in_a_name_is_run(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("models--a--$(touch ran)", "models--b--`touch ran`", "models--c--;touch ran"):
                pathlib.Path(folder, "hub", name).mkdir(parents=True)
            found = bash("inspect", "", folder=folder,
                         environment={"HF_HUB_CACHE": str(pathlib.Path(folder, "hub"))})
            self.assertEqual(len(found), 5)  # demo, hub and the three
            self.assertFalse(pathlib.Path(folder, "ran").exists())

    def test_in_a_terminal(self):
        script = SHARE / "bash-completion" / "completions" / "rankscope-cli"
        start = f"bind 'set enable-bracketed-paste off'; source '{script}'"
        shell = ["bash", "--noprofile", "--norc", "-i"]
        with folder_of_models() as folder:
            self.assertEqual(typed(shell, start, "insp\tmy\t --js\t", folder),
                             ["inspect", "my model/", "--json"])
            self.assertEqual(typed(shell, start, "plan demo --method=whi\t --targets q,at\t", folder),
                             ["plan", "demo", "--method=whitened", "--targets", "q,attention"])

    def test_of_the_window(self):
        script = SHARE / "bash-completion" / "completions" / "rankscope"
        ask = 'source "$1"; COMP_WORDS=(rankscope "$2" "$3"); COMP_CWORD=2; _rankscope; echo "${COMPREPLY[@]}"'
        for words, expected in ((("--overview", "alp"), "alpha"), (("--dialogues", "--scr"), "--screenshot"),
                                (("--one-matrix", "dem"), "demo")):
            self.assertEqual(command_help.run("bash", "-c", ask, "bash", script, *words, cwd="/").strip(),
                             expected)


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(unittest.TestCase):
    def test_syntax(self):
        for file in (SHARE / "zsh" / "site-functions").iterdir():
            command_help.run("zsh", "-n", str(file))

    def test_options_of_every_command(self):
        text = (SHARE / "zsh" / "site-functions" / "_rankscope-cli").read_text(encoding="utf-8")
        for command in command_help.commands(CLI):
            block = re.search(rf"^                {command}\)\n(.*?);;$", text, re.M | re.S).group(1)
            expected = [name for names in command_help.options(CLI, command)
                        for name in names.split(",")]
            self.assertEqual(sorted(re.findall(r"^ +'(-[^=\[]+)", block, re.M)), sorted(expected))

    def test_in_a_terminal(self):
        start = (f"unsetopt zle_bracketed_paste prompt_sp; fpath=('{SHARE}/zsh/site-functions' $fpath); "
                 "autoload -Uz compinit; compinit -u -D; compdef _rankscope-cli rankscope-cli")
        shell = ["zsh", "-f", "-i"]
        with folder_of_models() as folder:
            # zsh takes the slash that it put after a folder away again.
            self.assertEqual(typed(shell, start, "insp\tmy\t --js\t", folder),
                             ["inspect", "my model", "--json"])
            self.assertEqual(typed(shell, start, "plan demo --method=whi\t --targets q,at\t", folder),
                             ["plan", "demo", "--method=whitened", "--targets", "q,attention"])


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(unittest.TestCase):
    def test_syntax(self):
        for file in (SHARE / "fish" / "vendor_completions.d").iterdir():
            command_help.run("fish", "--no-config", "-n", str(file))

    def test_commands_and_options(self):
        self.assertEqual(sorted(fish("")), sorted(command_help.commands(CLI)))
        for command in command_help.commands(CLI):
            expected = [name for names in command_help.options(CLI, command)
                        for name in names.split(",") if name.startswith("--")]
            self.assertEqual(sorted(fish(f"{command} --")), sorted(expected), command)

    def test_values(self):
        self.assertEqual(fish("plan demo --method wh"), ["whitened"])
        self.assertEqual(fish("plan demo --method=wh"), ["--method=whitened"])
        self.assertEqual(fish("spectrum demo --targets q,at"), ["q,attention"])
        self.assertEqual(fish("plan demo --rank "), [])
        with folder_of_models() as folder:
            self.assertEqual(fish("inspect my", folder), ["my model/"])
            self.assertIn("demo", fish("inspect ", folder))
            self.assertEqual(fish("report demo --out=m", folder), ["--out=my model/"])
            self.assertIn("dialogues.json", fish("plan demo --plan ", folder))


if __name__ == "__main__":
    CLI, SHARE = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=sys.argv[:1])
