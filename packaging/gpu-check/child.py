# SPDX-License-Identifier: Apache-2.0
"""One step in this process: child.py STEP CONTEXT. Tells each result as a line of JSON on its
standard output; whatever else is printed goes to the log."""
import json
import os
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
for folder in (HERE.parent / "contenders", HERE.parents[1] / "bench" / "contenders"):
    if folder.is_dir():  # beside this folder where it was packed, in bench/ of the repository
        sys.path.insert(0, str(folder))
        break


def main():
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no result
    from findings import Findings, Skip
    import steps_right
    import steps_speed
    name, context = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
    findings = Findings(context, stream)
    steps = {**steps_right.STEPS, **steps_speed.STEPS}
    try:
        steps[name](findings)
    except Skip as reason:
        findings.status("skipped", str(reason))
    except BaseException as error:
        traceback.print_exc()
        findings.status("failed", f"{type(error).__name__}: {error}"[:1000])


if __name__ == "__main__":
    main()
