#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an include that points upward, on files that include each other in a circle, and on
torch, HDF5 or Qt outside their folders.

The order of the folders is the list ROOMS here; ARCHITECTURE.md's table is written from it
(`layering_test.py --write`), and the test fails if the two differ. Run by CTest; `layering_test.py
--self-test` proves that each kind of violation is found.
"""
import pathlib
import re
import sys

# The rooms of the house from the bottom up: folder, what it holds, the rooms it may include besides
# itself. ARCHITECTURE.md's table is written from this list. A folder below another of the list is
# its inner room: from outside it goes by the name of the whole, within the whole it is listed by
# itself.
ROOMS = [
    ("core/base", "errors, shapes, matrices, progress, options, JSON, files written whole", ""),
    ("core/t5", "T5's config; the order, names and shapes of its layers", "base"),
    ("core/backend", "the interface to what LibTorch computes, and its loader", "base t5"),
    ("core/checkpoint", "safetensors, folders, Hub cache, config, weight matrices, counts", "base t5"),
    ("core/text", "UTF-8, base64", ""),
    ("core/text/rouge", "ROUGE as rouge_score gives it", "base"),
    ("core/text/dataset", "dialogues and summaries from JSON, CSV, 7z, Arrow, Parquet", "base"),
    ("core/text/sentences", "the sentence splitter of ROUGE-Lsum", "base text"),
    ("core/text/tokenizer", "SentencePiece and tokenizer.json", "base text"),
    ("core/spectra", "singular values, metrics, power law, comparison of two checkpoints",
     "base backend checkpoint"),
    ("core/model", "a checkpoint as a running model: its weights, texts in, summaries out",
     "base backend checkpoint text"),
    ("core/method", "the methods, calibration, errors on activations",
     "base t5 backend checkpoint spectra"),
    ("core/plan", "the plan, ranks for a target, allocations of a budget",
     "base t5 checkpoint spectra method"),
    ("core/compress", "factors of a plan, storage forms, save and verify",
     "base t5 backend checkpoint spectra method plan model"),
    ("core/torch/linear_algebra", "decompositions", "base backend"),
    ("core/torch/kernels", "products and sums of the CPU", "base backend"),
    ("core/torch/t5", "the model", "base t5 backend torch/kernels"),
    ("core/torch/generation", "greedy and beam search", "base backend torch/kernels torch/t5"),
    ("core/torch/moments", "second moments, gradients, the walk through the layers",
     "base t5 backend torch/linear_algebra torch/kernels torch/t5"),
    ("core/torch/refine", "training block by block",
     "base t5 backend torch/linear_algebra torch/kernels torch/t5 torch/moments"),
    ("core/torch", "the backend library, the only user of LibTorch",
     "base backend torch/linear_algebra torch/t5 torch/generation torch/moments torch/refine"),
    ("core/evaluate", "random vectors, losses, summaries, comparison of models, calibration runs",
     "base backend checkpoint spectra method plan model compress text"),
    ("core/search", "what is chosen by measuring: sensitivity, the ridge, the Pareto front",
     "base backend checkpoint spectra method plan model compress text evaluate"),
    ("core/workspace", "HDF5 files: spectra, calibrations; the only user of HDF5",
     "base t5 backend checkpoint spectra method"),
    ("core/report", "tables and figures' data; CSV, JSON, Markdown, HTML",
     "base backend checkpoint spectra method plan compress text evaluate search workspace"),
]
ALLOWED = {folder: {f"core/{room}" for room in below.split()} for folder, _, below in ROOMS}
CORE = {folder for folder in ALLOWED if not folder.startswith("core/torch")}
# The window's rooms: each may include core and the rooms above it in this list.
UI_ROOMS = [
    ("ui/wording", "numbers, names and texts of core as the window shows them"),
    ("ui/session", "the window's state; child processes and their results"),
    ("ui/plots", "pure data of figures, QCustomPlot widgets, export, --render"),
    ("ui/models", "item models over core's values"),
    ("ui/widgets", "forms made from options, tables, progress"),
    ("ui/dialogs", "compress, calibrate, compare, export"),
    ("ui/pages", "the page interface, the welcome page"),
    ("ui/pages/spectra", "curves, overview, scan, method comparison, the plan"),
    ("ui/pages/evaluation", "models side by side, dialogues, random vectors"),
    ("ui/pages/pareto", "the Pareto front"),
    ("ui", "the main window"),
]
for place, (folder, _) in enumerate(UI_ROOMS):
    ALLOWED[folder] = CORE | {room for room, _ in UI_ROOMS[:place]}
for page in ("spectra", "evaluation", "pareto"):  # one page knows no other
    ALLOWED[f"ui/pages/{page}"] -= {"ui/pages/spectra", "ui/pages/evaluation"}
ALLOWED["app/cli"] = CORE
ALLOWED["app/gui"] = CORE | {room for room, _ in UI_ROOMS}

# Libraries and the only folders that may include them.
LIBRARIES = {
    "torch": (re.compile(r"<(torch|ATen|c10)/"), {"core/torch"}),
    "HDF5": (re.compile(r"<(hdf5|H5\w*)\.h>"), {"core/workspace"}),
    "Qt": (re.compile(r"<(Q[A-Z]\w+|Qt\w+/\w+|qcustomplot\.h)>"), {"ui", "app/gui"}),
}
OWN_INCLUDE = re.compile(r'"((?:core|ui|app)/[^"]+)"')
FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|common|misc|managers?)(\.|$)")


def folder_of(path):
    """The innermost folder of the list that holds the file."""
    return next((str(parent) for parent in pathlib.PurePosixPath(path).parents
                 if str(parent) in ALLOWED), str(pathlib.PurePosixPath(path).parent))


def whole(folder):
    """core/text of core/text/rouge; the window's rooms are no inner rooms."""
    return folder if folder.startswith("ui") else "/".join(folder.split("/")[:2])


def may_include(folder, target):
    allowed = ALLOWED.get(folder, set())
    return target == folder or target in allowed or (
        whole(folder) != whole(target) and whole(target) in allowed)


def violations_of(path, text):
    folder = folder_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#include"):
            continue
        place = f"{path}:{number}"
        own = OWN_INCLUDE.search(line)
        if own:
            target = folder_of(own.group(1))
            if not may_include(folder, target):
                yield f"{place}: {folder} may not include {target}"
        for library, (pattern, homes) in LIBRARIES.items():
            home = "ui" if folder.startswith("ui") else whole(folder)
            if pattern.search(line) and home not in homes:
                yield f"{place}: {library} may be included only in {', '.join(sorted(homes))}"


def circles(includes):
    """Sets of units (a .h and .cpp of one name) that include each other, in turn or at once."""
    reached = {}

    def reach(unit):
        if unit not in reached:
            reached[unit] = set()
            todo = [unit]
            while todo:
                for other in includes.get(todo.pop(), ()):
                    if other not in reached[unit]:
                        reached[unit].add(other)
                        todo.append(other)
        return reached[unit]

    found = {frozenset(other for other in reach(unit) if unit in reach(other))
             for unit in includes if unit in reach(unit)}
    return sorted(", ".join(sorted(circle)) for circle in found)


def unit(path):
    return str(pathlib.PurePosixPath(path).with_suffix(""))


def table():
    """ARCHITECTURE.md's table of rooms, the top first."""
    lines = ["| folder | content | may include |", "|---|---|---|",
             "| app/gui/ | the window's main | core, ui |"]
    for folder, content in reversed(UI_ROOMS):
        lines.append(f"| {folder}/ | {content} | core, the ui rooms below |")
    lines.append("| app/cli/ | one file per subcommand; manual pages and completions | core |")
    for folder, content, below in reversed(ROOMS):
        lines.append(f"| {folder}/ | {content} | {below.replace(' ', ', ') or '–'} |")
    return "\n".join(lines) + "\n"


TABLE = re.compile(r"(<!-- rooms:[^\n]*-->\n)(.*?)(<!-- end of rooms -->)", re.S)


def table_differs(root):
    place = root / "ARCHITECTURE.md"
    text = place.read_text(encoding="utf-8")
    written = TABLE.sub(lambda match: match.group(1) + table() + match.group(3), text)
    if "--write" in sys.argv:
        place.write_text(written, encoding="utf-8")
        return []
    return [] if written == text and TABLE.search(text) else [
        "ARCHITECTURE.md: its table of rooms differs from ROOMS; run tests/layering_test.py --write"]


def check(root):
    found = table_differs(root)
    includes = {}
    for top in ("core", "ui", "app"):
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if FORBIDDEN_NAMES.match(path.name):
                found.append(f"{relative}: name the thing it holds instead")
            if path.suffix in (".h", ".cpp"):
                text = path.read_text(encoding="utf-8")
                found += violations_of(relative, text)
                includes.setdefault(unit(relative), set()).update(
                    other for other in map(unit, OWN_INCLUDE.findall(text))
                    if other != unit(relative))
                if "SPDX-License-" "Identifier:" not in text[:200]:
                    found.append(f"{relative}: no SPDX line")
    return found + [f"a circle of includes: {circle}" for circle in circles(includes)]


def self_test():
    bad = {
        "core/base/a.h": '#include "core/spectra/spectrum.h"',
        "core/checkpoint/a.h": '#include "core/backend/backend.h"',
        "core/compress/a.cpp": "#include <torch/torch.h>",
        "core/spectra/a.cpp": "#include <hdf5.h>",
        "core/report/a.cpp": "#include <QString>",
        "app/cli/a.cpp": '#include "ui/main_window.h"',
        "ui/pages/spectra/a.cpp": '#include "core/torch/t5/linear.h"',
        "ui/pages/pareto/a.cpp": '#include "ui/pages/spectra/curves_page.h"',
        "ui/models/a.cpp": '#include "ui/widgets/option_form.h"',
        "ui/session/a.cpp": '#include "ui/plots/plot_series.h"',
        "ui/wording/a.h": '#include "ui/session/session.h"',
        "core/torch/kernels/a.cpp": '#include "core/torch/t5/linear.h"',
        "core/torch/t5/a.cpp": '#include "core/torch/torch_backend.h"',
        "core/text/rouge/a.cpp": '#include "core/text/dataset/dataset.h"',
        "core/plan/b.cpp": '#include "core/text/rouge/rouge.h"',
        "core/method/a.cpp": '#include "core/plan/plan.h"',
        "core/evaluate/b.cpp": '#include "core/search/pareto.h"',
    }
    good = {
        "core/spectra/a.cpp": '#include "core/backend/backend.h"\n#include <vector>',
        "core/evaluate/a.cpp": '#include "core/text/rouge/rouge.h"',
        "core/torch/t5/a.cpp": '#include "core/torch/kernels/ragged.h"\n#include <ATen/ATen.h>',
        "ui/pages/spectra/a.cpp": '#include "ui/plots/rank_plot.h"\n#include <QWidget>',
        "ui/main_window.cpp": '#include "ui/pages/spectra/curves_page.h"',
    }
    missed = [path for path, text in bad.items() if not list(violations_of(path, text))]
    wrong = [line for path, text in good.items() for line in violations_of(path, text)]
    if circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) != ["b, c"]:
        wrong.append("the circle b, c is not found")
    return [f"not found in {path}" for path in missed] + wrong


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = self_test() if "--self-test" in sys.argv else check(root)
    print("\n".join(found) or "layering: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
