# SPDX-License-Identifier: Apache-2.0
"""No program or library of the build folder looks for libraries in the current folder.

    run_path_test.py BUILD_FOLDER
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from elf_files import elf_files, unsafe_run_paths

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()


class RunPaths(unittest.TestCase):
    def test_every_element_is_absolute(self):
        for folder in ("bin", "lib"):
            self.assertTrue(list(elf_files(BUILD / folder)), folder)
            self.assertEqual(unsafe_run_paths(BUILD / folder, lambda element: element.startswith("/")), [])

    def test_an_unsafe_one_is_found(self):
        """The check itself: a program linked the way that was wrong once."""
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "main.c"
            source.write_text("int main(void) { return 0; }\n")
            for path in ("/usr/lib:", "here"):
                subprocess.run(["cc", source, "-o", f"{folder}/program", f"-Wl,-rpath,{path}"], check=True)
                found = unsafe_run_paths(folder, lambda element: element.startswith("/"))
                self.assertEqual(len(found), 1, path)

    def test_code_of_the_current_folder_is_not_run(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "stub.c"
            source.write_text(
                '#include <unistd.h>\n'
                '__attribute__((constructor)) static void run(void) { write(1, "HIJACKED", 8); _exit(9); }\n'
            )
            needed = subprocess.run(["ldd", BUILD / "bin" / "rankscope-cli"], check=True, capture_output=True, text=True)
            names = [line.split()[0] for line in needed.stdout.splitlines() if "=> /" in line]
            self.assertIn("libarchive.so.13", names)
            subprocess.run(["cc", "-shared", "-fPIC", source, "-o", f"{folder}/stub.so"], check=True)
            for name in names:
                shutil.copy(f"{folder}/stub.so", f"{folder}/{name}")
            run = subprocess.run([BUILD / "bin" / "rankscope-cli", "--version"], cwd=folder, capture_output=True, text=True)
            self.assertIn("rankscope-cli", run.stdout)
            self.assertNotIn("HIJACKED", run.stdout)


if __name__ == "__main__":
    unittest.main()
