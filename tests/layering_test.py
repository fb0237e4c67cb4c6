#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an include that points upward, or on torch, HDF5 or Qt where they do not belong.

The order of the folders is ARCHITECTURE.md's. Run by CTest; `layering_test.py --self-test` proves
that each kind of violation is found.
"""
import pathlib
import re
import sys

# What each folder may include, besides itself.
BASE = {"core/base"}
ALLOWED = {
    "core/base": set(),
    "core/backend": BASE,
    "core/checkpoint": BASE,
    "core/text": BASE,
    "core/spectra": BASE | {"core/backend", "core/checkpoint"},
    "core/compress": BASE | {"core/backend", "core/checkpoint", "core/spectra"},
    "core/torch": BASE | {"core/backend"},
    "core/evaluate": BASE | {"core/backend", "core/checkpoint", "core/spectra", "core/compress",
                             "core/text"},
}
ALLOWED["core/workspace"] = ALLOWED["core/evaluate"] | {"core/evaluate"}
ALLOWED["core/report"] = ALLOWED["core/workspace"] | {"core/workspace"}
CORE = set(ALLOWED) - {"core/torch"}
ALLOWED["app/cli"] = CORE
ALLOWED["ui"] = CORE
ALLOWED["app/gui"] = CORE | {"ui"}

# Libraries and the only folders that may include them.
LIBRARIES = {
    "torch": (re.compile(r"<(torch|ATen|c10)/"), {"core/torch"}),
    "HDF5": (re.compile(r"<(hdf5|H5\w*)\.h>"), {"core/workspace"}),
    "Qt": (re.compile(r"<(Q[A-Z]\w+|Qt\w+/\w+|qcustomplot\.h)>"), {"ui", "app/gui"}),
}
OWN_INCLUDE = re.compile(r'"((?:core|ui|app)/[^"]+)"')
FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|common|misc|managers?)(\.|$)")


def folder_of(path):
    parts = pathlib.PurePosixPath(path).parts
    return "/".join(parts[:1] if parts[0] == "ui" else parts[:2])


def violations_of(path, text):
    folder = folder_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#include"):
            continue
        place = f"{path}:{number}"
        own = OWN_INCLUDE.search(line)
        if own:
            target = folder_of(own.group(1))
            if target != folder and target not in ALLOWED.get(folder, set()):
                yield f"{place}: {folder} may not include {target}"
        for library, (pattern, homes) in LIBRARIES.items():
            if pattern.search(line) and folder not in homes:
                yield f"{place}: {library} may be included only in {', '.join(sorted(homes))}"


def check(root):
    found = []
    for top in ("core", "ui", "app"):
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if FORBIDDEN_NAMES.match(path.name):
                found.append(f"{relative}: name the thing it holds instead")
            if path.suffix in (".h", ".cpp"):
                found += violations_of(relative, path.read_text(encoding="utf-8"))
                if "SPDX-License-" "Identifier:" not in path.read_text(encoding="utf-8")[:200]:
                    found.append(f"{relative}: no SPDX line")
    return found


def self_test():
    bad = {
        "core/base/a.h": '#include "core/spectra/spectrum.h"',
        "core/checkpoint/a.h": '#include "core/backend/backend.h"',
        "core/compress/a.cpp": "#include <torch/torch.h>",
        "core/spectra/a.cpp": "#include <hdf5.h>",
        "core/report/a.cpp": "#include <QString>",
        "app/cli/a.cpp": '#include "ui/main_window.h"',
        "ui/pages/a.cpp": '#include "core/torch/linear.h"',
    }
    good = {
        "core/spectra/a.cpp": '#include "core/backend/backend.h"\n#include <vector>',
        "ui/pages/a.cpp": '#include "ui/plots/spectrum_plot.h"\n#include <QWidget>',
    }
    missed = [path for path, text in bad.items() if not list(violations_of(path, text))]
    wrong = [line for path, text in good.items() for line in violations_of(path, text)]
    return [f"not found in {path}" for path in missed] + wrong


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(found) or "layering: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
