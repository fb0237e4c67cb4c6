#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages hold what --help says, are sound roff, and are the same in every run.

    manual_pages_test.py RANKSCOPE_CLI SHARE [RANKSCOPE]
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import command_help

CLI = SHARE = WINDOW = None


def page(name):
    return (SHARE / "man" / "man1" / f"{name}.1").read_text(encoding="utf-8")


def plain(roff):
    """Text without font changes and escapes."""
    text = re.sub(r"\\f[BIR]|\\&", "", roff)
    for escape, character in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ga", "`"), (r"\(ti", "~"),
                              (r"\(ha", "^"), (r"\e", "\\")):
        text = text.replace(escape, character)
    return text


def entries(roff):
    """{"--rank": (its value, its help, the conditions)} of the .TP entries that are options."""
    found = re.findall(r"^\.TP\n(-[^=\n]*)(?:=(.*))?\n(.*)\n(?:\.br\n((?:[A-Z].*\n)+))?", plain(roff),
                       re.MULTILINE)
    return {names.replace(", ", ","): (value, text, conditions)
            for names, value, text, conditions in found}


def words(text):
    return " ".join(text.replace("`", "").split())


class ManualPages(unittest.TestCase):
    def test_each_command_has_a_page_with_its_options_and_no_others(self):
        names = command_help.commands(CLI)
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(command=name):
                told = command_help.options(CLI, name)
                found = entries(page(f"rankscope-cli-{name}"))
                self.assertGreaterEqual(len(told), 7)
                self.assertEqual(set(found), set(told))
                for option, (value, text) in told.items():
                    value, _, default = value.partition("=")
                    shown, paragraph, conditions = found[option]
                    if default:
                        self.assertTrue(paragraph.endswith(f" (default: {default})"))
                        paragraph = paragraph.removesuffix(f" (default: {default})")
                    self.assertEqual(shown, value)
                    before, _, after = words(text).rpartition(words(paragraph))
                    self.assertTrue(paragraph)
                    self.assertEqual(after, "", f"{option}: {paragraph}")
                    self.assertEqual("REQUIRED" in before, "Must be given." in conditions)
                    for key, sentence in (("Excludes:", "Not with "), ("Needs:", "Needs ")):
                        listed = re.search(rf"{key}((?: --\S+)+)", before)
                        named = listed.group(1).split() if listed else []
                        stated = re.search(rf"{sentence}(.*)\.\n", conditions)
                        self.assertEqual(sorted(named),
                                         sorted(stated.group(1).split(", ")) if stated else [])

    def test_the_program_s_page_names_every_command_and_its_own_options(self):
        main = plain(page("rankscope-cli"))
        for name in command_help.commands(CLI):
            self.assertIn(f"rankscope-cli-{name}(1)", main)
        self.assertEqual(set(entries(page("rankscope-cli"))), set(command_help.options(CLI)))
        for code in ("0", "1", "2", "130"):
            self.assertRegex(main, rf"\.TP\n{code}\n")

    def test_the_window_s_page_has_its_options_and_no_others(self):
        if WINDOW is None:
            self.skipTest("this build has no window")
        told = re.findall(r"^  (?:(-\w), )?(--\S+)(?: <(\S+)>)?  +\S", command_help.run(WINDOW, "--help"),
                          re.MULTILINE)
        self.assertGreater(len(told), 5)
        self.assertEqual({names: value for names, (value, _, _) in entries(page("rankscope")).items()},
                         {f"{letter},{name}".strip(","): value for letter, name, value in told})

    def test_no_page_is_left_of_what_is_no_command(self):
        expected = {"rankscope", "rankscope-cli"}
        expected |= {f"rankscope-cli-{name}" for name in command_help.commands(CLI)}
        self.assertEqual({file.stem for file in (SHARE / "man" / "man1").iterdir()}, expected)

    def test_the_examples_work_in_their_order(self):
        examples = re.findall(r"^\.RS\n(rankscope-cli .*)\n\.RE$", plain(page("rankscope-cli")), re.MULTILINE)
        self.assertGreaterEqual(len(examples), 4)
        with tempfile.TemporaryDirectory() as folder:
            for example in examples:
                program, command, *rest = example.split()
                self.assertEqual(program, "rankscope-cli")
                if command == "evaluate":
                    rest += ["--limit", "2"]  # of 200 dialogues
                command_help.run(CLI, command, *rest, cwd=folder)

    def test_two_runs_write_the_same(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            for folder, zone in ((one, "UTC"), (two, "Asia/Tokyo")):
                command_help.run(CLI, "--write-pages", folder, env={"TZ": zone})
            files = [sorted(file.relative_to(folder) for file in pathlib.Path(folder).rglob("*"))
                     for folder in (one, two)]
            self.assertEqual(*files)
            for file in files[0]:
                if (pathlib.Path(one) / file).is_file():
                    text = (pathlib.Path(one) / file).read_text(encoding="utf-8")
                    self.assertEqual(text, (pathlib.Path(two) / file).read_text(encoding="utf-8"))
                    self.assertEqual(text, (SHARE / file).read_text(encoding="utf-8"))

    def test_a_folder_that_cannot_be_made_is_named(self):
        with tempfile.NamedTemporaryFile() as file:
            run = subprocess.run([CLI, "--write-pages", f"{file.name}/share"],
                                 stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn(file.name, run.stderr)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing_to_say(self):
        for file in sorted((SHARE / "man" / "man1").iterdir()):
            run = subprocess.run(["mandoc", "-Tlint", "-Wwarning", str(file)],
                                 stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(run.stdout, "")

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_groff_finds_nothing_to_say(self):
        for file in sorted((SHARE / "man" / "man1").iterdir()):
            run = subprocess.run(["groff", "-man", "-Tutf8", "-K", "utf8", "-ww", "-z", str(file)],
                                 stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(run.stderr, "")


if __name__ == "__main__":
    CLI, SHARE = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    WINDOW = sys.argv[3] if len(sys.argv) > 3 else None
    unittest.main(argv=sys.argv[:1])
