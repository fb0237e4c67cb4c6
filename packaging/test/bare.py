# SPDX-License-Identifier: Apache-2.0
"""What a newcomer meets: the committed source on an empty Debian system. Needs root.

    bare.py run RELEASE     ./dev run from nothing, timed; its report must lie there
    bare.py deb RELEASE     ./dev package deb for that release, copied to build/packages
"""

import pathlib
import re
import shutil
import subprocess
import sys
import time

from empty_root import EmptyRoot

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def with_source(release, name):
    root = EmptyRoot(release, SOURCE / "build" / "roots", name)
    target = root.path / "rankscope"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{SOURCE}", target], check=True)
    return root


def dev(root, *words):
    """Runs ./dev in there; gives seconds."""
    start = time.monotonic()
    run = root.run("sh", "-c", 'cd /rankscope && exec ./dev "$@"', "sh", "--torch=debian", *words, check=False, timeout=7200)
    (root.path.parent / f"{root.path.name}.log").write_text(run.stdout + run.stderr)
    if run.returncode != 0:
        sys.exit(f"./dev {' '.join(words)} failed on {root.release}:\n{run.stdout[-2000:]}{run.stderr[-4000:]}")
    return time.monotonic() - start


def main():
    what, release = sys.argv[1:3]
    root = with_source(release, f"bare-{what}-{release}")
    if what == "run":
        setup = dev(root, "setup", "--programs")
        seconds = dev(root, "run")
        if not (root.path / "rankscope/build/report/report.html").is_file():
            sys.exit("./dev run wrote no report.")
        print(f"./dev run on an empty {release}: {(setup + seconds) / 60:.1f} min, packages {setup:.0f} s of it")
    elif what == "deb":
        seconds = dev(root, "package", "deb")
        packages = SOURCE / "build" / "packages"
        packages.mkdir(exist_ok=True)
        for deb in (root.path / "rankscope/build/packages").glob("*.deb"):
            for old in packages.glob(re.sub(r"_.*~(deb\d+).*", r"_*~\1*.deb", deb.name)):
                old.unlink()
            print(shutil.copy(deb, packages))
        print(f"./dev package deb on an empty {release}: {seconds / 60:.1f} min")
    else:
        sys.exit(__doc__)
    root.remove()


if __name__ == "__main__":
    main()
