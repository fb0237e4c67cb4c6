# SPDX-License-Identifier: Apache-2.0
"""Writes goldens/rouge.json, goldens/stems.txt.gz, goldens/sentences.json and goldens/punkt: what
rouge_score and nltk make of texts.

    python make_rouge_goldens.py [--words WORD_LIST] [--punkt FOLDER]

Made with rouge_score 0.1.2 and nltk 3.10.4 on Python 3.11.7. The tests never run this.

rouge.json: precision, recall and F of pairs of texts, with and without the stemmer.
stems.txt.gz: "word stem" for every word of Debian's wamerican 2020.12.07 (LICENSES/LicenseRef-SCOWL.txt), and of the
rules' edge cases, by nltk's PorterStemmer in its default mode. --words names another list.
sentences.json: sentences of nltk's PunktSentenceTokenizer, "built_in" with the words that
core/text/sentences/punkt_built_in.cpp holds, "trained" with goldens/punkt, which nltk trains here on the
demo's dialogues and on the texts below. --punkt adds no golden: it says for how many texts the
built-in words split otherwise than nltk's own English parameters, whose licence is unclear, so
they are not kept here (docs/results.md).
"""
import argparse
import gzip
import json
import pathlib
import random
import re

import nltk.data
from nltk.stem.porter import PorterStemmer
from nltk.tokenize import punkt
from rouge_score import rouge_scorer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
GOLDENS = HERE / "goldens"
TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def demo_rows():
    return [row for name in ("test", "calibration")
            for row in json.loads((ROOT / "resources/demo" / f"{name}.json").read_text())]


# --- ROUGE --------------------------------------------------------------------------------------

HAND_PAIRS = [
    ("", ""), ("", "a cat"), ("a cat", ""), ("...", "!!!"), ("\n", "\n\n"), ("a", "a"), ("a", "b"),
    ("cat", "Cat."), ("the the the", "the"), ("the", "the the the the"), ("a b a b a", "b a b a b"),
    ("one two\nthree four", "four three\ntwo one"), ("a b c\nd e f", "a c b\nf e d"),
    ("police killed the gunman", "the gunman police killed"),
    ("police killed the gunman", "police kill the gunman"),
    ("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"), ("a\n\n\nb", "a\nb"), ("  a  b ", "a b"),
    ("Straße café naïve", "Strasse cafe naive"), ("\u212aelvin 3\u212a", "kelvin 3k"),
    ("\u0130stanbul", "istanbul i stanbul"), ("I\u0307", "i"), ("日本語 abc", "abc 日本語"), ("😀 ok 😀", "ok"),
    ("it's don't O'Neil", "its dont oneil"), ("3.5 1,000 10%", "3 5 1 000 10"), ("e-mail re-use", "email reuse"),
    ("running ran runs", "run runner running"), ("sky skies dying dies", "skies sky die dye"),
    ("generously generous", "generous generously"), ("news proceed", "new proceeding"),
    ("a\r\nb\r\nc", "a\nb\nc"), ("a\tb\vc\fd", "a b c d"), ("_x_ x_y", "x xy"), ("ＡＢＣ abc", "abc"),
    ("x" * 300, "x" * 300), ("ab " * 200, "ba " * 150), ("\u00a0nbsp\u00a0here", "nbsp here"),
    ("a b c d e f g h", "h g f e d c b a"), ("a b c d", "a x b y c z d"), ("\ud7ffok", "ok"), ("ſ K µ", "s k m"),
]


def rouge_pairs():
    generator = random.Random(3)
    summaries = [row["summary"] for row in demo_rows()]
    pairs = list(HAND_PAIRS)
    for index in range(90):  # one beside another, and beside itself with words moved or left out
        one = summaries[index]
        words = one.split()
        kept = [word for word in words if generator.random() < 0.75]
        if generator.random() < 0.4:
            generator.shuffle(kept)
        pairs += [(one, summaries[(index * 7 + 3) % len(summaries)]), (one, " ".join(kept))]
    for _ in range(100):  # few different words on several lines: many ties
        def text():
            letters = "abcdef"[:generator.randrange(2, 7)]
            lines = [" ".join(generator.choice(letters) for _ in range(generator.randrange(0, 14)))
                     for _ in range(generator.randrange(1, 6))]
            return "\n".join(lines)
        pairs.append((text(), text()))
    for index in range(20):  # more than 64 and more than 128 words: whole dialogues
        rows = demo_rows()
        pairs.append((rows[index]["dialogue"], rows[index + 40]["dialogue"]))
    return pairs


def write_rouge():
    pairs = rouge_pairs()
    document = {"pairs": []}
    scorers = [rouge_scorer.RougeScorer(TYPES, use_stemmer=stem) for stem in (True, False)]
    for reference, prediction in pairs:
        scored = [scorer.score(reference, prediction) for scorer in scorers]
        document["pairs"].append({
            "reference": reference, "prediction": prediction,
            "stemmed": [list(scored[0][name]) for name in TYPES],
            "plain": [list(scored[1][name]) for name in TYPES]})
    multi = []
    for index in range(0, 60, 3):
        references = [pair[0] for pair in pairs[index:index + 3]]
        scores = scorers[0].score_multi(references, pairs[index][1])
        multi.append({"references": references, "prediction": pairs[index][1],
                      "stemmed": [list(scores[name]) for name in TYPES]})
    document["several_references"] = multi
    (GOLDENS / "rouge.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    return len(pairs)


# --- stems --------------------------------------------------------------------------------------

def rule_words():
    """Every suffix of the stemmer's rules after short and long beginnings, and its exceptions."""
    suffixes = """s es ies ied sses ss eed ed ing ated bled ized at bl iz tt ll ss zz hop fil y ay ational
        tional enci anci izer bli abli alli entli eli ousli ization ation ator alism iveness fulness
        ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er
        ic able ible ant ement ment ent sion tion ion ou ism ate iti ous ive ize e ll""".split()
    begins = ["", "a", "b", "y", "ab", "by", "ya", "cal", "tr", "ow", "ox", "hop", "wax", "say", "toy",
              "plast", "sens", "oper", "trouble", "syzyg", "crepuscul"]
    exceptions = """sky skies dying lying tying news inning innings outing outings canning cannings
        howe proceed exceed succeed they today money used trying flies dies mules denied died agreed
        owned humbled sizing meeting stating siezing itemization traditional reference colonizer
        plotted i a be is us as yy yyy aye 2nds 1980s 3d""".split()
    return {begin + suffix for begin in begins for suffix in suffixes} | set(exceptions)


def write_stems(word_list):
    words = {re.sub(r"'s$", "", line.strip().lower())
             for line in word_list.read_text(encoding="utf-8").splitlines()}
    words = {word for word in words if re.fullmatch(r"[a-z0-9]+", word)} | rule_words() - {""}
    stemmer = PorterStemmer()
    lines = "".join(f"{word} {stemmer.stem(word)}\n" for word in sorted(words))
    (GOLDENS / "stems.txt.gz").write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    return len(words)


# --- sentences ----------------------------------------------------------------------------------

HAND_TEXTS = [
    "", " ", "\n", ".", "...", "Hi", "Hi.", "Hi. ", " Hi. Ho.", "Hi.Ho.", "Hi!  Ho?\nHa.", "Hi?! Ho!? Ha...",
    "Mr. Smith met Dr. Jones. They talked.", "He lives in the U.S. He likes it.", "He came at 5 p.m. She left at 6 p.m. yesterday.",
    "J. K. Rowling wrote it. A. Miller read it.", "It costs 3.50. That is cheap.", "No. 5 is alive. See p. 7. Fig. 3 shows it.",
    "She said \"Stop.\" He stopped.", "She said \"Stop!\" and he stopped.", "(He left.) She stayed.", "He left (at 5.) She stayed.",
    "Wait... what? Well . . . maybe. . . . Yes.", "e.g. this one. i.e. that one. etc. And more.", "The co. is big. Acme Inc. is bigger. Acme Inc. The end.",
    "Version 2.0. is out. 1. First. 2. Second.", "'Yes.' 'No.' \"Why?\" \"Why not?\"", "He asked: why? because. so what.",
    "Über alles. Ärger. élan. Él va.", "A.B. went. a.b. went.", "Ph.D. students work. M.Sc. too.", "What?? Really?!! Yes!!!",
    "end.[1] Next sentence. end.) Next.", "one -- two. three--four. Five", "x.) y.] z.} \"a.\"", "Hello .World . Foo", "a.\u00a0B. c.\u2003D.",
    "It is 5 o'clock. It's late.", "Jan. 5 was cold. In Feb. it snowed.", "St. Mary's church. Main St. The park.", "5. 6. 7. go.", "-3. He", "...and so. ...And so.",
    "He won 3-2. They lost.", "\"Hi.\"\n\"Ho.\"", "Ends with quote.\"", "Tom: hi.\r\nAnn: ho.", "J. went home.", "I. J. K.", "Is it I? I. Am.", "The no. was 5. No. It was 6.",
]

PARTS = """Mr. Mrs. Dr. Prof. e.g. i.e. etc. vs. U.S. U.K. a.m. p.m. Ph.D. Inc. Ltd. St. No. no. Jan. J. K. A. I. I i.
    Smith Anna Tom London home. home went said the The he He She she they We we it It It's don't wants 3.14 5 5. 1,000
    10% -3. 2nd ... ... .. . . ? ! ?! !! " " ' ' ( ) [ ] { } - -- , ; : * @ & # … – … “ ” Ünder über École naïve.
    End. end? end! ok.) (ok. "Yes." 'No.' wait... x.y a.b.c. www.site.org. and And But but so So maybe""".split()


def random_texts(count):
    generator = random.Random(5)
    gaps = [" "] * 12 + ["  ", "\n", "\n\n", "", "", "\t", "\u00a0", "\r\n"]
    return ["".join(generator.choice(PARTS) + generator.choice(gaps)
                    for _ in range(generator.randrange(2, 30))) for _ in range(count)]


def built_in_parameters():
    source = (ROOT / "core/text/sentences/punkt_built_in.cpp").read_text()
    lists = {name: re.findall(r'"([^"]+)"', body) for name, body in
             re.findall(r"constexpr const char\* (\w+)\[\] = \{(.*?)\};", source, re.S)}
    parameters = punkt.PunktParameters()
    parameters.abbrev_types = set(lists["abbreviations"])
    for word in lists["functionWords"]:
        parameters.add_ortho_context(word, punkt._ORTHO_BEG_UC | punkt._ORTHO_MID_LC)
    return parameters


def trained_parameters(texts):
    trainer = punkt.PunktTrainer()
    trainer.INCLUDE_ALL_COLLOCS = True
    trainer.train("\n".join(texts), finalize=False)
    trainer.finalize_training()
    parameters = trainer.get_params()
    parameters.sent_starters |= {"the", "they", "then", "miller"}  # so few texts teach it none
    return parameters


def sentence_texts():
    rows = demo_rows()
    return (HAND_TEXTS + [row["summary"] for row in rows[:100]]
            + [row["dialogue"] for row in rows[:30]] + random_texts(400))


def write_sentences(folder):
    texts = sentence_texts()
    trained = trained_parameters([row["dialogue"] for row in demo_rows()] + texts)
    nltk.data.path += [str(HERE), str(folder or HERE)]  # nltk reads and writes nowhere else
    (GOLDENS / "punkt").mkdir(mode=0o700, exist_ok=True)
    punkt.save_punkt_params(trained, str(GOLDENS / "punkt"))
    for file in (GOLDENS / "punkt").iterdir():  # sets come in any order
        file.write_text("\n".join(sorted(file.read_text().splitlines())) + "\n")
    pointer = nltk.data.FileSystemPathPointer(str(GOLDENS / "punkt"))
    trained = punkt.load_punkt_params(pointer)  # as nltk reads it back
    built_in = punkt.PunktSentenceTokenizer(built_in_parameters())
    other = punkt.PunktSentenceTokenizer(trained)
    document = {"texts": texts, "built_in": [built_in.tokenize(text) for text in texts],
                "trained": [other.tokenize(text) for text in texts]}
    (GOLDENS / "sentences.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    if folder:
        nltks = punkt.PunktSentenceTokenizer(punkt.load_punkt_params(
            nltk.data.FileSystemPathPointer(str(folder))))
        for name, some in (("demo summaries", [row["summary"] for row in demo_rows()]),
                           ("demo dialogues", [row["dialogue"] for row in demo_rows()]),
                           ("texts by hand", HAND_TEXTS)):
            different = sum(built_in.tokenize(text) != nltks.tokenize(text) for text in some)
            print(f"{name}: {different} of {len(some)} split otherwise with nltk's parameters")
    same = sum(a == b for a, b in zip(document["built_in"], document["trained"]))
    return len(texts), same


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--words", type=pathlib.Path,
                        default=pathlib.Path("/usr/share/dict/american-english"))
    parser.add_argument("--punkt", type=pathlib.Path, help="nltk_data/tokenizers/punkt_tab/english")
    arguments = parser.parse_args()
    GOLDENS.mkdir(exist_ok=True)
    print(write_rouge(), "pairs")
    print(write_stems(arguments.words), "stems")
    texts, same = write_sentences(arguments.punkt)
    print(texts, "texts,", same, "split alike by both parameter sets")


if __name__ == "__main__":
    main()
