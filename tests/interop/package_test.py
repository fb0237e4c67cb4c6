# SPDX-License-Identifier: Apache-2.0
"""The Python package `rankscope` beside pandas and transformers; interop.py starts it.

  package_test.py --cli PATH --work FOLDER

The loading that `register` allows is held against trust_remote_code, which is tried in a process
of its own; tables against the CSV files that the program itself writes; and README's example runs.
"""

import argparse
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
SOURCES = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = SOURCES / "packaging" / "wheel" / "rankscope"
MODELING = SOURCES / "core" / "compress" / "modeling"
TOLERANCE = 1e-6
STORAGES = ("factored", "pivoted")
WORK = pathlib.Path()

# Loads the folder argv[1] and notes in the file argv[2] what it computes; argv[3] says how.
LOAD = """
import sys
import torch
import transformers

folder, out, how = sys.argv[1:]
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
if how == "register":
    import rankscope
    rankscope.register()
    rankscope.register()  # a notebook's cell may run again
remote = {"trust_remote_code": True} if how == "remote" else {}
model, info = transformers.AutoModelForSeq2SeqLM.from_pretrained(
    folder, output_loading_info=True, **remote)
assert not any(info.values()), info
generator = torch.Generator().manual_seed(5)
ids = torch.randint(2, 150, (3, 11), generator=generator)
mask = torch.ones_like(ids)
mask[1, 8:] = 0
decoder_ids = torch.randint(2, 150, (3, 6), generator=generator)
with torch.no_grad():
    logits = model.eval()(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids).logits
made = model.generate(input_ids=ids, attention_mask=mask, num_beams=2, max_new_tokens=12)
kinds = {type(module).__name__ for module in model.modules()}
if how == "register":
    model.save_pretrained(folder + "-again")
tokens = transformers.AutoTokenizer.from_pretrained(folder)("A: is this read? B: yes")["input_ids"]
torch.save({"logits": logits, "made": made, "kinds": kinds, "tokens": tokens,
            "home": type(model).__module__, "config": type(model.config).__module__}, out)
"""


def load(folder, how, package=PACKAGE):
    """What a process of its own found out about the model in `folder`, or its failure's text."""
    import torch

    out = WORK / "found.pt"
    out.unlink(missing_ok=True)
    done = subprocess.run([sys.executable, "-c", LOAD, folder, out, how], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          env={**os.environ, "PYTHONPATH": str(package.parent)})
    return torch.load(out, weights_only=False) if done.returncode == 0 else done.stdout


class Registering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for storage in STORAGES:
            rankscope.run("compress", "demo", targets="all", rank=12, storage=storage,
                          out=WORK / storage, force=True)

    def check_equal(self, one, other):
        import torch

        for found in (one, other):
            self.assertIsInstance(found, dict, found)
        self.assertGreater(one["logits"].std().item(), 0.1)
        self.assertLessEqual((one["logits"] - other["logits"]).abs().max().item(), TOLERANCE)
        self.assertTrue(torch.equal(one["made"], other["made"]))
        self.assertEqual(one["tokens"], other["tokens"])

    def test_loads_what_trust_remote_code_loads_and_saves_it_again(self):
        for storage in STORAGES:
            with self.subTest(storage):
                registered, remote = load(WORK / storage, "register"), load(WORK / storage, "remote")
                self.check_equal(registered, remote)
                self.assertEqual(registered["home"],
                                 "rankscope.modeling.modeling_rankscope_t5")
                self.assertTrue(remote["home"].startswith("transformers_modules."))
                kind = storage.capitalize() + "Linear"
                self.assertIn(kind, registered["kinds"])
                # A model's save_pretrained writes no tokenizer.
                again = WORK / f"{storage}-again"
                for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
                    if (WORK / storage / name).exists():
                        shutil.copy(WORK / storage / name, again)
                for how in ("register", "remote"):
                    self.check_equal(registered, load(again, how))
                ranks = {matrix["rank"] for matrix in rankscope.run("inspect", again)["matrices"]
                         if matrix["storage"] == storage}
                self.assertEqual(ranks, {12})

    def test_without_register_it_is_refused(self):
        found = load(WORK / "factored", "plain")
        self.assertIsInstance(found, str)
        self.assertIn("trust_remote_code", found)

    def test_as_the_wheel_lays_it_out(self):
        package = WORK / "site" / "rankscope"
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(MODELING, package / "modeling",
                        ignore=shutil.ignore_patterns("__pycache__"))
        self.check_equal(load(WORK / "pivoted", "register", package),
                         load(WORK / "pivoted", "remote"))


class Tables(unittest.TestCase):
    CHOSEN = "decoder.block.1.layer.2.DenseReluDense.wo.weight"

    def check_csv(self, frame, file, columns):
        with open(file, newline="") as lines:
            expected = list(csv.DictReader(lines))
        self.assertEqual(tuple(expected[0]), columns)
        self.assertGreater(len(expected), 5)
        for column in columns:
            cells = [row[column] for row in expected]
            if column not in ("name", "method"):
                cells = [float(cell) if cell else None for cell in cells]
            got = frame[column].astype(object).where(frame[column].notna(), None)
            self.assertEqual(got.tolist(), cells)

    def test_a_curve_has_a_row_for_each_rank(self):
        document = rankscope.run("curve", "demo", targets="q,wo", out=WORK / "curve.csv")
        columns = ("name", "rank", "frobenius_error", "relative_error", "energy")
        self.check_csv(rankscope.table(document), WORK / "curve.csv", columns)

    def test_a_race_too(self):
        rankscope.run("calibrate", "demo", samples=4, held_out=0, out=WORK / "calibration.h5")
        document = rankscope.run("curve", "demo", targets=self.CHOSEN, methods=["svd", "whitened"],
                                 calibration=WORK / "calibration.h5", ranks="1:40:8",
                                 out=WORK / "race.csv")
        frame = rankscope.table(document, "race")
        columns = ("name", "method", "rank", "activation_error", "held_out_error", "excess_error")
        self.check_csv(frame, WORK / "race.csv", columns)
        self.assertEqual(list(rankscope.table(document)["rank"]), [1, 9, 17, 25, 33])

    def test_spectra_have_dotted_columns_and_whole_arrays(self):
        document = rankscope.run("spectrum", "demo", targets="q,k", power_law=True)
        frame = rankscope.table(document)
        self.assertEqual(len(frame), len(document["spectra"]))
        for row, spectrum in zip(frame.to_dict("records"), document["spectra"]):
            self.assertEqual(row["singular_values"], spectrum["singular_values"])
            self.assertEqual(row["shape"], spectrum["shape"])
            self.assertEqual(row["energy_ranks.0.9"], spectrum["energy_ranks"]["0.9"])
            self.assertEqual(row["power_law.alpha"], spectrum["power_law"]["alpha"])
            self.assertEqual(row["marchenko_pastur.upper"], spectrum["marchenko_pastur"]["upper"])

    def test_every_command_with_a_list(self):
        texts = WORK / "texts"
        texts.write_text('"one two"\n"three"\n')
        for part, frame_of, command, arguments, options in (
                ("matrices", None, "inspect", ["demo"], {}),
                ("entries", None, "plan", ["demo"], dict(targets="q", rank=4)),
                ("results", None, "random-vectors", ["demo"],
                 dict(targets="q", rank=4, vectors=10)),
                ("outputs", None, "generate", ["demo"], dict(text="A: hi", max_new_tokens=4)),
                ("runs", "comparison", "evaluate", ["demo", WORK / "evaluated"],
                 dict(limit=4, metrics="loss", no_cache=True)),
                ("matrices", "skipped", "compare", ["demo", WORK / "evaluated"],
                 dict(targets="q")),
                ("pairs", None, "rouge", [], dict(predictions=texts, references=texts))):
            with self.subTest(command):
                if WORK / "evaluated" in arguments and not (WORK / "evaluated").exists():
                    layers = rankscope.run("compress", "demo", targets="q", rank=4,
                                           out=WORK / "evaluated")
                    self.assertEqual(list(rankscope.table(layers)["rank"]), [4] * 7)
                document = rankscope.run(command, *arguments, **options)
                frame = rankscope.table(document)
                self.assertEqual(len(frame), len(document[part]))
                self.assertEqual(list(frame), list(rankscope.table(document, part)))
                self.assertTrue({key for key, value in document[part][0].items()
                                 if not isinstance(value, dict)} <= set(frame))
                if frame_of:
                    self.assertEqual(len(rankscope.table(document, frame_of)),
                                     len(document[frame_of]))

    def test_a_list_of_words(self):
        document = {"path": "report", "files": ["a.csv", "b.png"], "tables": {}, "warnings": []}
        frame = rankscope.table(document)
        self.assertEqual((list(frame), list(frame["files"])), (["files"], ["a.csv", "b.png"]))

    def test_no_list(self):
        with self.assertRaisesRegex(ValueError, "^No list of rows is among a, b.$"):
            rankscope.table({"a": 1, "b": {}})
        with self.assertRaisesRegex(ValueError, "^No list race is among curves.$"):
            rankscope.table({"curves": []}, "race")
        self.assertEqual(len(rankscope.table({"spectra": []})), 0)


class Readme(unittest.TestCase):
    def test_its_example_runs(self):
        text = (SOURCES / "README.md").read_text()
        code = re.search(r"## From Python\n.*?```python\n(.*?)```", text, re.DOTALL).group(1)
        self.assertLessEqual(len(code.splitlines()), 12)
        folder = WORK / "readme"
        folder.mkdir()
        done = subprocess.run([sys.executable, "-W", "error::UserWarning:__main__", "-c", code],
                              cwd=folder, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)})
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    given, rest = parser.parse_known_args()
    WORK = given.work.absolute()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    os.environ["RANKSCOPE_CLI"] = str(given.cli.resolve(strict=True))
    os.environ["XDG_CACHE_HOME"] = str(WORK / "cache")
    sys.path.insert(0, str(PACKAGE.parent))
    sys.modules["tqdm.auto"] = None  # no bars between the results
    import rankscope

    unittest.main(argv=[sys.argv[0], *rest])
