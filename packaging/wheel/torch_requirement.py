# SPDX-License-Identifier: Apache-2.0
"""The wheel's dependency on PyTorch: the minor version that the backend library is built on."""

import os
import pathlib
import re

__all__ = ["dynamic_metadata"]


def dynamic_metadata(field, settings=None):
    """Called by scikit-build-core for `dependencies`."""
    torch = pathlib.Path(os.environ["RANKSCOPE_TORCH_WHEEL"])
    version = re.search(r"^__version__ = ['\"](\d+\.\d+)", (torch / "version.py").read_text(), re.MULTILINE)
    return [f"torch=={version[1]}.*"]
