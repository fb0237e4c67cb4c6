# SPDX-License-Identifier: Apache-2.0
"""The console scripts, which become the programs of the wheel, and how torch is found for them."""

import json
import os
import shutil
import subprocess
import sys

from package_case import PACKAGE, PATIENCE, Case, write_program


class Launching(Case):
    """In a folder laid out as the wheel lays it out: the programs inside the package."""

    def setUp(self):
        super().setUp()
        self.site = self.folder / "site packages"
        shutil.copytree(PACKAGE, self.site / "rankscope",
                        ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("rankscope-cli", "rankscope"):
            write_program(self.site / "rankscope" / "_program" / "bin" / name)
        os.environ["PYTHONPATH"] = str(self.site)

    def start(self, code, *words, **variables):
        return subprocess.Popen([sys.executable, "-S", "-B", "-c", code, *words],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, env={**os.environ, **variables})

    def launched(self, entry="cli", *words, **variables):
        """What the program heard when a console script started it."""
        started = self.start(f"from rankscope._launch import {entry}; {entry}()", "echo", *words,
                             **variables)
        out, said = started.communicate()
        self.assertEqual((started.returncode, said), (0, b""))
        heard = json.loads(out)["result"]
        self.assertEqual(heard["pid"], started.pid, "Python was not replaced")
        return heard

    def add_torch(self, folder):
        """A torch that must not be imported."""
        (folder / "torch" / "lib").mkdir(parents=True)
        (folder / "torch" / "__init__.py").write_text("raise SystemExit('torch was imported')")
        return folder / "torch"

    def test_the_programs_replace_python(self):
        for entry in ("cli", "window"):
            heard = self.launched(entry, "--json", "a b", b"\xff", "")
            self.assertEqual([bytes.fromhex(word) for word in heard["arguments"]],
                             [b"echo", b"--json", b"a b", b"\xff", b""])
        ended = self.start("from rankscope._launch import cli; cli()", "crash")
        ended.communicate()
        self.assertEqual(ended.returncode, 3)

    def test_each_entry_starts_its_program(self):
        for entry, other in (("cli", "rankscope"), ("window", "rankscope-cli")):
            program = self.site / "rankscope" / "_program" / "bin" / other
            program.rename(self.folder / other)
            self.launched(entry)
            (self.folder / other).rename(program)

    def test_torch_beside_the_package_needs_no_word(self):
        self.add_torch(self.site)
        self.assertNotIn("RANKSCOPE_TORCH", self.launched()["environment"])

    def test_torch_elsewhere_is_found_and_not_imported(self):
        torch = self.add_torch(self.folder / "else where")
        path = f"{self.site}:{torch.parent}"
        heard = self.launched(PYTHONPATH=path)
        self.assertEqual(heard["environment"]["RANKSCOPE_TORCH"], str(torch))
        (self.site / "torch" / "bin").mkdir(parents=True)  # a rest that holds no libraries
        heard = self.launched(PYTHONPATH=f"{torch.parent}:{self.site}")
        self.assertEqual(heard["environment"]["RANKSCOPE_TORCH"], str(torch))

    def test_a_given_torch_stays(self):
        torch = self.add_torch(self.folder / "elsewhere")
        heard = self.launched(PYTHONPATH=f"{self.site}:{torch.parent}", RANKSCOPE_TORCH="/given")
        self.assertEqual(heard["environment"]["RANKSCOPE_TORCH"], "/given")

    def test_no_torch(self):
        (self.folder / "torch").mkdir()  # a folder of that name where one works is no package
        heard = self.launched(PYTHONPATH=f"{self.site}:{self.folder}")
        self.assertNotIn("RANKSCOPE_TORCH", heard["environment"])

    def test_run_takes_the_wheels_program_and_finds_torch_too(self):
        torch = self.add_torch(self.folder / "elsewhere")
        started = self.start("import json, rankscope; print(json.dumps(rankscope.run('echo')))",
                             PYTHONPATH=f"{self.site}:{torch.parent}", RANKSCOPE_CLI="/nowhere")
        heard = json.loads(started.communicate()[0])
        self.assertEqual(heard["environment"]["RANKSCOPE_TORCH"], str(torch))
        self.assertEqual(heard["environment"]["RANKSCOPE_CLI"], "/nowhere")

    def test_a_program_that_is_missing(self):
        program = self.site / "rankscope" / "_program" / "bin" / "rankscope"
        program.unlink()
        started = self.start("from rankscope._launch import window; window()")
        out, said = started.communicate()
        self.assertEqual((started.returncode, out), (1, b""))
        self.assertEqual(said.decode(), f"rankscope: [Errno 2] No such file or directory: "
                                        f"'{program}'\n")

    def test_a_console_script_does_not_find_itself(self):
        shutil.rmtree(self.site / "rankscope" / "_program")
        script = self.folder / "bin" / "rankscope-cli"
        script.parent.mkdir()
        script.write_text(f"#!/bin/sh\n''':'\nexec '{sys.executable}' -S -B \"$0\" \"$@\"\n'''\n"
                          "from rankscope._launch import cli\ncli()\n")
        script.chmod(0o755)
        variables = {**os.environ, "PATH": f"{script.parent}:/bin"}
        del variables["RANKSCOPE_CLI"]
        done = subprocess.run(["rankscope-cli"], env=variables, capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "rankscope-cli: There is no program rankscope-cli: set RANKSCOPE_CLI "
                             "to a rankscope-cli.\n"))
