# SPDX-License-Identifier: Apache-2.0
"""What `rankscope-cli … --help` says, read from its text: the source to which pages are compared."""
import re
import subprocess


def run(*words, **how):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=True, **how).stdout


def commands(cli):
    """Names in order, from the section of `--help` that lists them."""
    section = run(cli, "--help").split("Subcommands:", 1)[1]
    return re.findall(r"^  (\S+)", section, re.MULTILINE)


def options(cli, *command):
    """{"--rank": (value or "", help with its lines joined), "-h,--help": …} of `cli command --help`."""
    found = {}
    name = None
    for line in run(cli, *command, "--help").splitlines():
        start = re.match(r"  (-\S+)(?: (?!Excludes:|Needs:|REQUIRED)([A-Z]\S*))?(?:\s|$)", line)
        if start:
            name = start.group(1)
            found[name] = (start.group(2) or "", line[start.end():].strip())
        elif name and line.startswith("   "):
            value, text = found[name]
            found[name] = (value, f"{text} {line.strip()}".strip())
        else:
            name = None
    return found


def choices(text):
    """["a", "b"] of a help text "…: a | b (default: a)"; [] if it lists none."""
    listed = re.search(r": (\S+(?: \| \S+)+)", text)
    return listed.group(1).split(" | ") if listed else []
