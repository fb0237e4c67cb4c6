# SPDX-License-Identifier: Apache-2.0
"""What a run has found out so far: one JSON and one Markdown file, written again after every
result, so that a run which ends early leaves all that it knew."""
import json
import os
import pathlib


class Record:
    """`steps` is a list of dictionaries in the order of the plan; see step()."""

    def __init__(self, folder, machine, settings, plan):
        self.folder = pathlib.Path(folder)
        self.document = {
            "format": 1, "machine": machine, "settings": settings, "finished": False,
            "steps": [{"name": name, "title": title, "status": "not reached", "reason": "",
                       "seconds": 0.0, "limit": 0.0, "facts": {}, "notes": [], "checks": [],
                       "rows": [], "goals": []} for name, title in plan]}
        self.write()

    def step(self, name):
        return next(step for step in self.document["steps"] if step["name"] == name)

    def add(self, name, result):
        """One result of a step, as child.py tells it: {"fact": name, "value"}, {"note"},
        {"check": what, "reached", "asked", "passed"}, {"row": {…}} or {"goal": what, "reached",
        "asked", "met"}."""
        step = self.step(name)
        if "fact" in result:
            step["facts"][result["fact"]] = result["value"]
        elif "note" in result:
            step["notes"].append(result["note"])
        elif "row" in result:
            step["rows"].append(result["row"])
        elif "check" in result:
            step["checks"].append(result)
        elif "goal" in result:
            step["goals"].append(result)
        self.write()

    def passed(self):
        """That every step was met and none has failed."""
        return all(step["status"] in ("passed", "skipped") for step in self.document["steps"])

    def write(self):
        self._replace("gpu-check.json", json.dumps(self.document, indent=1) + "\n")
        self._replace("gpu-check.md", markdown(self.document))

    def _replace(self, name, text):
        part = self.folder / f".{name}.part"
        part.write_text(text)
        os.replace(part, self.folder / name)


def number(value):
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    return lines + ["| " + " | ".join(map(number, row)) + " |" for row in rows] + [""]


ROW_TITLES = {"task": "task", "contender": "contender", "seconds": "median s", "range": "range s",
              "rounds": "rounds", "batch": "batch", "rate": "per s", "unit": "of",
              "gpu_mb": "peak GPU MB", "remark": "remark"}


def rows_table(rows):
    keys = [key for key in ROW_TITLES if any(row.get(key) is not None for row in rows)]
    return table([ROW_TITLES[key] for key in keys],
                 [[row.get(key, "") for key in keys] for row in rows])


def step_markdown(step):
    lines = [f"## {step['title']}: {step['status']}", ""]
    if step["reason"]:
        lines += [step["reason"], ""]
    for name, value in step["facts"].items():
        text = json.dumps(value) if isinstance(value, (dict, list)) else number(value)
        lines.append(f"- {name}: {text}")
    lines += [f"- {note}" for note in step["notes"]] + [""]
    if step["checks"]:
        lines += table(["check", "reached", "asked", "passed"],
                       [[check[key] for key in ("check", "reached", "asked", "passed")]
                        for check in step["checks"]])
    if step["rows"]:
        lines += rows_table(step["rows"])
    if step["goals"]:
        lines += table(["goal", "reached", "asked", "met"],
                       [[goal[key] for key in ("goal", "reached", "asked", "met")]
                        for goal in step["goals"]])
    lines.append(f"{step['seconds']:.1f} s of at most {step['limit']:.0f} s.")
    return lines + [""]


def markdown(document):
    lines = ["# First run on a GPU", "",
             "The run has ended." if document["finished"] else "**The run has not ended yet.**", ""]
    for part in ("machine", "settings"):
        lines += [f"- {name}: {number(value)}" for name, value in document[part].items()] + [""]
    lines += table(["step", "status", "s", "checks passed", "goals met"],
                   [[step["title"], step["status"], step["seconds"],
                     f"{sum(check['passed'] for check in step['checks'])} of {len(step['checks'])}",
                     f"{sum(goal['met'] for goal in step['goals'])} of {len(step['goals'])}"]
                    for step in document["steps"]])
    for step in document["steps"]:
        lines += step_markdown(step)
    return "\n".join(lines) + "\n"
