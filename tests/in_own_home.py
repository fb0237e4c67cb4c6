#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""in_own_home.py COMMAND…: runs a test that is no GoogleTest program in a new home folder."""
import os
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory(prefix="rankscope-test-") as home:
    variables = {name: os.path.join(home, folder) for name, folder in (
        ("XDG_CACHE_HOME", "cache"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"))}
    sys.exit(subprocess.run(sys.argv[1:], env=os.environ | variables | {"HOME": home}).returncode)
