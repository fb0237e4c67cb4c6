# SPDX-License-Identifier: Apache-2.0
"""Refuses a wheel that is too large, needs a library that is neither inside nor promised by its platform
tag nor PyTorch's, or holds a path of the machine it was built on.

    check.py WHEEL
"""

import pathlib
import sys
import zipfile

from auditwheel.wheel_abi import analyze_wheel_abi
from auditwheel.wheeltools import get_wheel_architecture, get_wheel_libc

LARGEST = 60_000_000  # bytes
# pip installs PyTorch beside the wheel; the loader opens it before the backend library.
FROM_TORCH = frozenset({"libtorch.so", "libtorch_cpu.so", "libc10.so"})


def audit(wheel):
    """What `auditwheel show` says, without PyTorch's libraries and what those need in turn."""
    return analyze_wheel_abi(get_wheel_libc(wheel.name), get_wheel_architecture(wheel.name), wheel, FROM_TORCH,
                             disable_isa_ext_check=False, allow_graft=False)


def problems(wheel, audited):
    size = wheel.stat().st_size
    if size > LARGEST:
        yield f"it has {size:,} bytes, more than {LARGEST:,}"
    tag = wheel.stem.split("-")[-1]
    outside = audited.external_refs[tag].libs
    if outside:
        yield f"it needs libraries that are neither inside nor PyTorch's: {', '.join(sorted(outside))}"
    promised = next(policy for policy in audited.policies if policy.name == tag)
    if promised > audited.overall_policy:
        yield f"auditwheel finds {audited.overall_policy.name}, not {tag}"
    root = str(pathlib.Path(__file__).resolve().parents[2]).encode()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if root in archive.read(name):
                yield f"{name} holds the path of the source folder"


def main():
    wheel = pathlib.Path(sys.argv[1])
    audited = audit(wheel)
    found = list(problems(wheel, audited))
    for problem in found:
        print(f"{wheel.name}: {problem}.", file=sys.stderr)
    print(f"{wheel}: {wheel.stat().st_size / 1e6:.1f} MB, auditwheel: {audited.overall_policy.name}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
