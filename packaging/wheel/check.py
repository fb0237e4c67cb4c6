# SPDX-License-Identifier: Apache-2.0
"""Refuses a wheel that is too large, needs a library that no promise covers, or holds a path of the
machine it was built on.

    check.py WHEEL
"""

import pathlib
import re
import subprocess
import sys
import zipfile

LARGEST = 60_000_000  # bytes
# What auditwheel may name beyond the policy: PyTorch's, which pip installs beside it.
FROM_TORCH = {"libtorch.so", "libtorch_cpu.so", "libc10.so", "libgomp.so.1"}


def problems(wheel):
    size = wheel.stat().st_size
    if size > LARGEST:
        yield f"it has {size:,} bytes, more than {LARGEST:,}"
    shown = subprocess.run([sys.executable, "-m", "auditwheel", "show", wheel], capture_output=True, text=True)
    if shown.returncode != 0:
        yield f"auditwheel show failed: {shown.stderr}"
    unknown = set(re.findall(r"\blib[\w.+-]+\.so[.\d]*", shown.stdout)) - FROM_TORCH
    outside = {name for name in unknown if f'"{name}"' in shown.stdout or f"{name} with versions" not in shown.stdout}
    if outside:
        yield f"auditwheel names libraries that are neither inside nor PyTorch's: {sorted(outside)}\n{shown.stdout}"
    root = str(pathlib.Path(__file__).resolve().parents[2]).encode()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if root in archive.read(name):
                yield f"{name} holds the path of the source folder"


def main():
    wheel = pathlib.Path(sys.argv[1])
    found = list(problems(wheel))
    for problem in found:
        print(f"{wheel.name}: {problem}.", file=sys.stderr)
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
