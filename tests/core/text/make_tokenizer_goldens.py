# SPDX-License-Identifier: Apache-2.0
"""Writes tokenizer_goldens.json: ids and decoded texts of transformers' fast tokenizer.

Made with transformers 4.57.6 and tokenizers 0.22.2; transformers 5.23.0 with tokenizers 0.23.3 writes
the same file. Run in the repository root:
    python tests/core/text/make_tokenizer_goldens.py
Variants are edits of the demo's tokenizer.json, made likewise by tokenizer_test.cpp. "spiece" has the
scores of spiece.model as they stand there, as a tokenizer converted from it does; reading
tokenizer.json rounds some by one bit.
"""

import copy
import json
import pathlib

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEMO = ROOT / "resources" / "demo"


def texts():
    dialogues = [row["dialogue"] for row in json.loads((DEMO / "test.json").read_text())]
    summaries = [row["summary"] for row in json.loads((DEMO / "test.json").read_text())]
    lines = ["summarize: " + text for text in dialogues[:20]] + summaries[:20]
    lines += [text.replace("\n", "\r\n") for text in dialogues[20:25]]
    # Equal scores: which of several segmentations wins.
    for letter in "mhao?!.-_=*zx0,":
        lines += [letter * n for n in (2, 3, 4, 7, 16)]
    lines += ["hmmm", "????", "........", "hmmmmm ???? ...", "-" * 70, "haha hahahaha", "ooooh!!!!!"]
    # White space and invisible characters.
    lines += ["", " ", "   ", "\n", "\t", "\r\n", "a\r\nb", "a\n\n\nb", "a\tb\t\tc", " a", "  a", "a ", "a  "]
    lines += ["a  b", "a   b    c", "a\u00a0b", "a\u00a0\u00a0b", "a\u200bb", "a\u200b b", "a\u200db", "a\ufeffb"]
    lines += ["\ufeffstart", "a\u2028b\u2029c", "a\u3000b", "a\u0085b", "a\u1680b", "\u0001a\u0002b\u007f", "a\u0000b"]
    lines += ["\u0000", "soft\u00adhyphen", "\u200e\u200fmarks", "\u2581", "\u2581\u2581a", "a\u2581b", " \u2581 a"]
    # Normalisation: ligatures, full width, composed and combining characters.
    lines += ["ﬁne ﬂuﬀy", "Ｈｅｌｌｏ　Ｗｏｒｌｄ！", "①②③ ½ ¼ ㎏ ™ №", "cafe\u0301 cafés", "e\u0301\u0302x", "Ａ\u0301b", "ﬁ\u0301t"]
    lines += ["½\u0301", "\u00a8a", "\u0301a", "a\u0301", "\u1100\u1161\u11a8", "한국어 안녕", "가\u0301", "ｶﾞｷﾞ", "Å\u0301ngström"]
    lines += ["Zażółć gęślą jaźń", "Привет, мир", "Γειά σου", "مرحبا", "שלום", "你好，世界", "こんにちは", "नमस्ते", "ไทย", "İstanbul ıI"]
    lines += ["𝒜𝓁𝑔𝑒𝒷𝓇𝒶", "\ufdfa", "…and‥so․on", "“quotes” ‘and’ –dashes—", "\ufffd", "a\ufffdb", "ŉ ĳ ǆ ſ", "\u0600ﬁ", "\u0345a"]
    # Unknown characters, alone, in runs, beside known ones.
    lines += ["😀", "😀😀😀", "😀 😀", "a😀b", "👨\u200d👩\u200d👧", "🇩🇪🇫🇷", "👍🏽 ok", "{}~", "{ } ~", "a{b}c~d", "☃{~}❤\ufe0f.", "😀." * 5]
    # Tokens of the vocabulary written in the text.
    lines += ["</s>", "a</s>b", "a </s> b", "<pad>", "<unk>", "<pad><pad>x", "<extra_id_0>", "a <extra_id_0> b", "a<extra_id_1>b"]
    lines += ["The <extra_id_0> walks in <extra_id_1> park", "  <extra_id_5>  ", "<extra_id_0><extra_id_99>", "<extra_id_100>", "<extra_id_7"]
    lines += ["<<extra_id_0>>", "< /s>", "</S>", "a\u00a0<extra_id_3>\u2003b", "</s> <extra_id_2> </s>", "x\n<extra_id_4>\ny"]
    # Added tokens of the variant "added".
    lines += ["Wow", "wow Wow wow", "Ｗow!", "aWow", "Wowa", "Wow_", "Wow-Wow", "Wow Wow", "a <sep> b", "a<sep>b", " <sep> ", "<sep><sep>"]
    lines += ["<sep>longer", "a <tail>  b", "a\u0301Wow", "Wow\u0301", "<sep> Wow <tail> Wow"]
    # Long ones.
    lines += [" ".join(dialogues[30:45]), "supercalifragilistic" * 40, "a" * 3000, "ab-" * 500, "😀" * 700, "word " * 700]
    lines += ["I do n't know , she 's here . What ? We 've won ! I 'm ' in ' they 're"]
    return lines


def variants():
    base = json.loads((DEMO / "tokenizer.json").read_text())
    made = {"demo": base}
    for scheme in ("first", "never"):
        made[scheme] = copy.deepcopy(base)
        made[scheme]["pre_tokenizer"]["prepend_scheme"] = scheme
        made[scheme]["decoder"]["prepend_scheme"] = scheme
    old = made["old"] = copy.deepcopy(base)
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True}
    old["normalizer"] = old["normalizer"]["normalizers"][0]
    old["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    old["decoder"] = metaspace
    added = made["added"] = copy.deepcopy(base)
    added["pre_tokenizer"]["prepend_scheme"] = "first"
    token = {"id": 1100, "content": "Ｗow", "single_word": True, "lstrip": False, "rstrip": False,
             "normalized": True, "special": False}
    added["added_tokens"] += [
        token,
        dict(token, id=1101, content="<sep>", single_word=False, lstrip=True, normalized=False),
        dict(token, id=1102, content="<tail>", single_word=False, rstrip=True, normalized=False, special=True),
    ]
    whole = made["whole"] = copy.deepcopy(base)
    whole["pre_tokenizer"]["split"] = False
    whole["normalizer"]["normalizers"] += [
        {"type": "Strip", "strip_left": True, "strip_right": False},
        {"type": "Replace", "pattern": {"String": "ah"}, "content": "oh"},
    ]
    return made


def wrapped(tokenizer):
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")


def rounding():
    """Runs of "-" between equal paths: the ids with scores read from JSON and with the exact ones."""
    pieces = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["\u2581", -2.0122928619384766],
              ["-", -5.129043102264404], ["---", -12.130167007446289]]
    document = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}},
        },
        "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces, "byte_fallback": False},
    }
    read = Tokenizer.from_str(json.dumps(document))
    exact = Tokenizer.from_str(json.dumps(document))
    exact.model = models.Unigram([tuple(piece) for piece in pieces], 2, False)
    texts = ["-" * n for n in (4, 16, 22, 70)]
    return {"document": document, "lines": texts, "read": [read.encode(text).ids for text in texts],
            "exact": [exact.encode(text).ids for text in texts]}


def main():
    lines = texts()
    result = {"lines": lines, "ids": {}}
    for name, document in variants().items():
        tokenizer = Tokenizer.from_str(json.dumps(document))
        ids = [encoding.ids for encoding in tokenizer.encode_batch(lines)]
        if name == "demo":
            result["ids"][name] = ids
            fast = wrapped(tokenizer)
            result["decoded"] = [fast.decode(i, skip_special_tokens=True, clean_up_tokenization_spaces=False) for i in ids]
            result["cleaned"] = [fast.decode(i, skip_special_tokens=False, clean_up_tokenization_spaces=True) for i in ids]
            result["truncated"] = {
                str(n): [fast(text, truncation=True, max_length=n)["input_ids"] for text in lines[:3]] for n in (1, 2, 20)
            }
            long = next(i for i, row in enumerate(ids) if len(row) > 600)
            result["long"] = {"line": long, "full": len(ids[long]),
                              "ids": fast(lines[long], truncation=True, max_length=512)["input_ids"]}
        else:  # what equals the demo's is left out
            result["ids"][name] = {str(i): row for i, row in enumerate(ids) if row != result["ids"]["demo"][i]}
    base = json.loads((DEMO / "tokenizer.json").read_text())
    exact = Tokenizer.from_file(str(DEMO / "tokenizer.json"))
    exact.model = models.Unigram([tuple(pair) for pair in base["model"]["vocab"]], base["model"]["unk_id"], False)
    ids = [encoding.ids for encoding in exact.encode_batch(lines)]
    result["ids"]["spiece"] = {str(i): row for i, row in enumerate(ids) if row != result["ids"]["demo"][i]}
    broken = [b"\xff", b"a\xffb", b"\xc3", b"\xe2\x82", b"a\xe2\x82b", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf",
              b"\xf5\x80\x80\x80", b"\xe2\x28\xa1", b"ok \x80\x80 ok", b"\xf0\x9f\xe2\x82\xac", b"caf\xe9"]
    fast = Tokenizer.from_str(json.dumps(base))
    result["broken"] = [{"bytes": list(raw), "text": raw.decode("utf-8", "replace"),
                         "ids": fast.encode(raw.decode("utf-8", "replace")).ids} for raw in broken]
    result["rounding"] = rounding()
    path = pathlib.Path(__file__).with_name("tokenizer_goldens.json")
    path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
    print(len(lines), "lines", path.stat().st_size, "bytes", {k: len(v) for k, v in result["ids"].items()})


main()
