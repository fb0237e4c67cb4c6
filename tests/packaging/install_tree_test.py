# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` gives a tree that runs from anywhere and says what is missing if it is broken.

    install_tree_test.py BUILD_FOLDER SOURCE_FOLDER

Installed under a prefix with spaces, moved, made read-only and run by a user without rights (by nobody
if the test runs as root).
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from elf_files import elf_files, unsafe_run_paths

BUILD, SOURCE = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
del sys.argv[1:3]
NOBODY = 65534
HAS_WINDOW = (BUILD / "bin" / "rankscope").exists()


class InstallTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="rankscope install "))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        first = cls.folder / "first place"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", first], check=True, capture_output=True)
        cls.prefix = cls.folder / "moved to another place"
        first.rename(cls.prefix)
        # What the build folder links to its PyTorch; an installation finds it in its site-packages.
        if (BUILD / "lib/rankscope/torch").is_symlink():
            os.environ["RANKSCOPE_TORCH"] = os.readlink(BUILD / "lib/rankscope/torch")
        subprocess.run(["chmod", "-R", "a-w", cls.prefix], check=True)
        subprocess.run(["chmod", "a+rx", cls.folder], check=True)
        cls.home = cls.folder / "home"
        cls.home.mkdir(mode=0o777)
        cls.home.chmod(0o777)
        cls.addClassCleanup(subprocess.run, ["chmod", "-R", "u+w", cls.folder])

    def run_program(self, program, *words, prefix=None, **environment):
        """Runs an installed program as somebody who may write only to `home`."""
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        variables = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        if "RANKSCOPE_TORCH" in os.environ:
            variables["RANKSCOPE_TORCH"] = os.environ["RANKSCOPE_TORCH"]
        return subprocess.run(
            [(prefix or self.prefix) / "bin" / program, *words],
            cwd=self.home, env=variables | environment, capture_output=True, text=True, timeout=300, **who,
        )

    def done(self, program, *words, **rest):
        run = self.run_program(program, *words, **rest)
        self.assertEqual(run.returncode, 0, f"{words}: {run.stderr}")
        return run.stdout

    def broken(self, *parts):
        """A copy of the tree without these parts."""
        copy = pathlib.Path(tempfile.mkdtemp(prefix="broken ", dir=self.folder)) / "tree"
        shutil.copytree(self.prefix, copy, symlinks=True)
        subprocess.run(["chmod", "-R", "u+w,a+rX", copy.parent], check=True)
        for part in parts:
            target = copy / part
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        return copy

    def sentence(self, *words, prefix):
        """The one sentence that a command which cannot work says."""
        run = self.run_program("rankscope-cli", *words, prefix=prefix)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        lines = [line for line in run.stderr.splitlines() if not line.startswith("Warning:")]
        self.assertEqual(len(lines), 1, run.stderr)
        return lines[0]

    def test_it_holds_what_it_promises(self):
        wanted = ["bin/rankscope-cli", "lib/rankscope/librankscope_torch.so", "share/rankscope/demo/config.json",
                  "share/doc/rankscope-cli/copyright",
                  "share/doc/rankscope/LICENSES/Apache-2.0.txt"]
        if HAS_WINDOW:
            wanted += ["bin/rankscope", "share/doc/rankscope/copyright"]
        self.assertEqual([name for name in wanted if not (self.prefix / name).is_file()], [])

    def test_no_binary_has_a_run_path(self):
        self.assertEqual(unsafe_run_paths(self.prefix, lambda element: False), [])

    def test_nothing_names_the_build_or_the_source_folder(self):
        wrong = [
            f"{path.relative_to(self.prefix)} holds {folder}"
            for path in self.prefix.rglob("*")
            if path.is_file()
            for folder in {str(BUILD), str(SOURCE), os.environ.get("RANKSCOPE_TORCH", str(BUILD))}
            if folder.encode() in path.read_bytes()
        ]
        self.assertEqual(wrong, [])
        self.assertTrue(list(elf_files(self.prefix)))

    def test_commands_run(self):
        facts = json.loads(self.done("rankscope-cli", "doctor", "--json"))
        self.assertTrue(facts["libtorch"]["available"], facts["missing"])
        self.assertEqual(facts["program"]["prefix"], str(self.prefix))
        model = json.loads(self.done("rankscope-cli", "inspect", "demo", "--json"))
        self.assertGreater(model["parameters"], 0)
        spectra = json.loads(self.done("rankscope-cli", "spectrum", "demo", "--targets", "q", "--json"))
        self.assertTrue(spectra["spectra"])
        runs = json.loads(self.done("rankscope-cli", "evaluate", "demo", "--limit", "4", "--json"))
        self.assertEqual(runs["runs"][0]["samples"], 4)

    @unittest.skipUnless(HAS_WINDOW, "built without the window")
    def test_figures_and_the_window(self):
        self.done("rankscope-cli", "spectrum", "demo", "--targets", "q", "--out", "figure.png")
        self.assertEqual((self.home / "figure.png").read_bytes()[:4], b"\x89PNG")
        self.done("rankscope", "--check-start", "demo", QT_QPA_PLATFORM="offscreen")

    def test_a_deleted_demo_is_named(self):
        prefix = self.broken("share/rankscope/demo")
        said = self.sentence("inspect", "demo", prefix=prefix)
        self.assertIn(f"{prefix}/share/rankscope/demo is missing", said)
        self.assertIn("Install Rankscope again", said)

    def test_deleted_dialogues_are_named(self):
        said = self.sentence("evaluate", "demo", prefix=self.broken("share/rankscope/demo/test.json"))
        self.assertIn("share/rankscope/demo/test.json is missing", said)

    def test_a_deleted_backend_is_named_and_the_rest_works(self):
        prefix = self.broken("lib/rankscope/librankscope_torch.so")
        said = self.sentence("spectrum", "demo", "--targets", "q", "--no-cache", prefix=prefix)
        self.assertIn("librankscope_torch.so does not exist", said)
        self.assertIn("nstall", said)
        self.done("rankscope-cli", "inspect", "demo", prefix=prefix)
        facts = json.loads(self.done("rankscope-cli", "doctor", "--json", prefix=prefix))
        self.assertFalse(facts["libtorch"]["available"])
        self.assertIn("librankscope_torch.so", facts["missing"][0])
        if HAS_WINDOW:
            self.done("rankscope", "--check-start", "demo", prefix=prefix, QT_QPA_PLATFORM="offscreen")

    @unittest.skipUnless(HAS_WINDOW, "built without the window")
    def test_a_deleted_window_is_named(self):
        said = self.sentence("spectrum", "demo", "--targets", "q", "--out", "figure.png", prefix=self.broken("bin/rankscope"))
        self.assertIn("bin/rankscope", said)

    @unittest.skipUnless(HAS_WINDOW, "built without the window")
    def test_a_missing_display_is_one_sentence(self):
        for display in ({}, {"DISPLAY": ":97"}, {"WAYLAND_DISPLAY": "nowhere-1", "XDG_RUNTIME_DIR": str(self.home)}):
            run = self.run_program("rankscope", "demo", **display)
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertIn("rankscope-cli", run.stderr)


if __name__ == "__main__":
    unittest.main()
