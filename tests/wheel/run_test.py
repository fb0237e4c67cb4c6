# SPDX-License-Identifier: Apache-2.0
"""rankscope.run, with the real program and with one that behaves as a test needs it."""

import contextlib
import io
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import types
import unittest
import unittest.mock
import warnings

from package_case import CLI, PACKAGE, Case, is_running, write_program

import rankscope


class Package(Case):
    def test_is_small(self):
        files = sorted(PACKAGE.rglob("*.py"))
        self.assertIn(PACKAGE / "_launch.py", files)
        lines = sum(len(file.read_text().splitlines()) for file in files)
        self.assertLessEqual(lines, 150)
        for file in files:
            self.assertIn("SPDX-License-" "Identifier: Apache-2.0", file.read_text().split("\n")[0])

    def test_starting_imports_little(self):
        code = ("import sys, os; before = set(sys.modules); import rankscope._launch;"
                "print(*sorted(set(sys.modules) - before))")
        out = subprocess.run([sys.executable, "-S", "-B", "-c", code], capture_output=True,
                             check=True, text=True, env={"PYTHONPATH": str(PACKAGE.parent)}).stdout
        self.assertEqual(out.split(), ["rankscope", "rankscope._launch"])

    def test_table_without_pandas_says_so(self):
        with unittest.mock.patch.dict(sys.modules, {"pandas": None}):
            with self.assertRaisesRegex(ImportError, "needs pandas"):
                rankscope.table({"spectra": []})


class Running(Case):
    """With the real program."""

    def test_gives_the_document_of_json(self):
        self.assertEqual(rankscope.run("plan", "demo", targets="q", rank=4),
                         self.printed("plan", "demo", "--targets", "q", "--rank", "4"))
        self.assertEqual(rankscope.run("inspect", "demo"), self.printed("inspect", "demo"))

    def test_options_are_flags(self):
        got = rankscope.run("spectrum", "demo", targets=["q", "k"], exclude=None, power_law=True,
                            no_cache=False, threads=2)
        expected = self.printed("spectrum", "demo", "--targets", "q,k", "--power-law", "--threads",
                                "2")
        self.assertEqual(got["spectra"], expected["spectra"])
        self.assertIn("power_law", got["spectra"][0])

    def test_relative_paths_are_of_the_working_folder(self):
        rankscope.run("plan", "demo", targets="q", rank=4, out=pathlib.Path("plan.json"))
        self.assertEqual([path.name for path in self.folder.iterdir()], ["plan.json"])
        got = rankscope.run("plan", "demo", plan="plan.json")
        self.assertEqual({entry["rank"] for entry in got["entries"]}, {4})
        os.mkdir("below")
        os.chdir("below")
        self.assertEqual(rankscope.run("plan", "demo", plan="../plan.json"), got)

    def test_errors_have_the_programs_sentence(self):
        for words, flags, kind, code in (
                (("plan", "demo"), {"rank": 0}, rankscope.UsageError, 2),
                (("plan", "demo"), {"no_such_option": 1}, rankscope.UsageError, 2),
                (("no-such-command",), {}, rankscope.UsageError, 2),
                (("inspect", self.folder / "missing"), {}, rankscope.RankscopeError, 1)):
            typed = [word for name, value in flags.items()
                     for word in ("--" + name.replace("_", "-"), str(value))]
            said = subprocess.run([CLI, *words, *typed], capture_output=True, text=True)
            self.assertEqual(said.returncode, code)
            with self.subTest(words), self.assertRaises(kind) as caught:
                rankscope.run(*words, **flags)
            error = caught.exception
            self.assertEqual(f"rankscope-cli: {error}\n", said.stderr)
            self.assertEqual(error.exit_code, code)
            self.assertEqual(isinstance(error, ValueError), code == 2)
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((str(again), vars(again)), (str(error), vars(error)))

    def test_an_error_names_what_it_is_about(self):
        with self.assertRaises(rankscope.RankscopeError) as caught:
            rankscope.run("inspect", self.folder)
        self.assertEqual(caught.exception.subject, str(self.folder))

    def test_in_threads(self):
        results = {}

        def work(role):
            results[role] = rankscope.run("plan", "demo", targets=role, rank=3)

        threads = [threading.Thread(target=work, args=(role,)) for role in "qkvo"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for role in "qkvo":
            self.assertEqual(results[role],
                             self.printed("plan", "demo", "--targets", role, "--rank", "3"))


class StandIn(Case):
    """With a program that behaves as the test needs it."""

    def setUp(self):
        super().setUp()
        os.environ["RANKSCOPE_CLI"] = str(write_program(self.folder / "programs" / "rankscope-cli"))

    def arguments(self, *words, **options):
        heard = rankscope.run("echo", *words, **options)["arguments"]
        return [os.fsdecode(bytes.fromhex(word)) for word in heard]

    def test_words(self):
        self.assertEqual(
            self.arguments("demo", pathlib.Path("a b"), b"\xff", budget=0.1, error=1e-07, n_last=-3,
                           flag=True, off=False, none=None, text="--x", empty="",
                           many=("a", 2, 0.5), path=pathlib.Path("c"), ranks=range(3)),
            ["echo", "--events", "demo", "a b", "\udcff", "--budget", "0.1", "--error", "1e-07",
             "--n-last", "-3", "--flag", "--text", "--x", "--empty", "", "--many", "a,2,0.5",
             "--path", "c", "--ranks", "0,1,2"])

    def test_surroundings(self):
        os.environ["RANKSCOPE_TEST"] = "\udcff \u00e9"
        (self.folder / "typed").write_text("for Python, not for the program")
        with open(self.folder / "typed") as typed, open(os.dup(0)) as before:
            os.dup2(typed.fileno(), 0)
            heard = rankscope.run("echo")
            os.dup2(before.fileno(), 0)
        self.assertEqual(heard["environment"]["RANKSCOPE_TEST"], "\udcff \u00e9")
        self.assertNotIn("RANKSCOPE_TORCH", heard["environment"])
        self.assertEqual(heard["folder"], str(self.folder))
        self.assertEqual(heard["input"], "")
        self.assertNotEqual(heard["session"], os.getsid(0))

    def test_no_deadlock_however_much_is_printed(self):
        self.assertEqual(len(rankscope.run("flood")), 4 << 20)

    def test_nothing_stays_open(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            unraisable = []
            with unittest.mock.patch("sys.unraisablehook", unraisable.append):
                rankscope.run("echo")
                with self.assertRaises(rankscope.RankscopeError):
                    rankscope.run("crash")
        self.assertEqual(unraisable, [])

    def fails(self, pattern, *words):
        with self.assertRaisesRegex(rankscope.RankscopeError, pattern) as caught:
            rankscope.run(*words)
        self.assertNotIsInstance(caught.exception, ValueError)
        return caught.exception

    def test_what_is_no_event(self):
        self.fails("printed no event but b'Hello, I am no rankscope-cli", "garbage", self.folder)
        self.assertFalse(is_running((self.folder / "pid").read_text()))
        self.fails(r"printed no event but b'.*\\xff\\xfe", "no-utf8")
        self.fails("printed no event but b'42", "a-number")

    def test_endings_without_a_result(self):
        self.assertEqual(self.fails(r"nothing ended without a result \(exit code 0\)",
                                    "nothing").exit_code, 0)
        crashed = self.fails(r"\(exit code 3\). A library is missing: lib\ufffd.so", "crash")
        self.assertEqual(crashed.exit_code, 3)
        self.assertEqual(self.fails(r"\(killed by signal 9\)", "killed").exit_code, -9)
        self.assertEqual(self.fails(r"\(exit code 4\)", "late-crash").exit_code, 4)

    def test_no_program(self):
        os.environ["RANKSCOPE_CLI"] = str(self.folder / "missing")
        self.fails(f"There is no program {self.folder}/missing: set RANKSCOPE_CLI", "inspect")
        os.environ["RANKSCOPE_CLI"] = str(self.folder)
        self.fails(f"There is no program {self.folder}: set RANKSCOPE_CLI", "inspect")
        del os.environ["RANKSCOPE_CLI"]
        os.environ["PATH"] = str(self.folder / "empty")
        self.fails("There is no program rankscope-cli: set RANKSCOPE_CLI", "inspect")

    def test_a_file_that_cannot_be_started(self):
        program = self.folder / "text"
        program.write_text("no program")
        program.chmod(0o755)
        os.environ["RANKSCOPE_CLI"] = str(program)
        with self.assertRaisesRegex(OSError, f"Exec format error: '{program}'"):
            rankscope.run("inspect")

    def test_program_on_path_and_by_a_relative_name(self):
        del os.environ["RANKSCOPE_CLI"]
        with unittest.mock.patch.dict(os.environ, PATH=str(self.folder / "programs") + ":/bin"):
            self.assertEqual(rankscope.run("echo")["folder"], str(self.folder))
        os.environ["RANKSCOPE_CLI"] = "programs/rankscope-cli"
        self.assertEqual(rankscope.run("echo")["folder"], str(self.folder))

    def with_tqdm(self, *words, **options):
        """What a bar was told, by a package that stands in for tqdm."""
        told = []

        class Bar(contextlib.nullcontext):
            def __init__(self, **settings):
                super().__init__()
                self.n, self.settings = 0, settings

            def __exit__(self, *_):
                told.append("closed")

            def set_description(self, label, refresh):
                told.append(label)

            def update(self, more):
                self.n += more
                told.append((self.n, self.settings["total"]))

        modules = {"tqdm": types.ModuleType("tqdm"), "tqdm.auto": types.ModuleType("tqdm.auto")}
        modules["tqdm.auto"].tqdm = Bar
        with unittest.mock.patch.dict(sys.modules, modules):
            with contextlib.suppress(rankscope.RankscopeError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rankscope.run(*words, **options)
        return told

    def test_progress(self):
        self.assertEqual(self.with_tqdm("progress"), ["at 0.25", (25, 100), "at 0.75", (75, 100),
                                                      "at 0.5", (50, 100), "closed"])
        self.assertEqual(self.with_tqdm("killed"), ["half", (50, 100), "closed"])
        self.assertEqual(self.with_tqdm("progress", progress=False), [])

    def test_without_tqdm(self):
        with unittest.mock.patch.dict(sys.modules, {"tqdm": None, "tqdm.auto": None}):
            with contextlib.redirect_stderr(io.StringIO()) as said, self.assertWarns(UserWarning):
                self.assertEqual(rankscope.run("progress"), {})
        self.assertEqual(said.getvalue(), "")

    def test_warnings_are_pythons(self):
        with self.assertWarnsRegex(UserWarning, "^Something is odd.$") as caught:
            rankscope.run("progress")
        self.assertEqual(pathlib.Path(caught.filename).name, pathlib.Path(__file__).name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(UserWarning):
                rankscope.run("progress")
