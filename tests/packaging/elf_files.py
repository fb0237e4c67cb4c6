# SPDX-License-Identifier: Apache-2.0
"""The programs and libraries of a folder, and the run path each of them has."""

import pathlib
import subprocess


def elf_files(folder):
    """Every ELF file below the folder, links not followed."""
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF":
                yield path


def run_path(file):
    """The elements of DT_RUNPATH and DT_RPATH, or None if there is neither."""
    text = subprocess.run(["readelf", "--dynamic", "--wide", file], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if "(RUNPATH)" in line or "(RPATH)" in line:
            return line[line.index("[") + 1 : line.rindex("]")].split(":")
    return None


def unsafe_run_paths(folder, allowed):
    """"FILE: element" of each run path element that is not `allowed`: an empty or a relative one means
    the folder the user happens to be in, whose files would then be run as code."""
    return [
        f"{file}: '{element}'"
        for file in elf_files(folder)
        for element in run_path(file) or []
        if not allowed(element)
    ]
