# SPDX-License-Identifier: Apache-2.0
"""ROUGE and loss of the demo checkpoint on its held-out dialogues, full and at small ranks.

Also counts how much of the held-out text occurs in training, and scores trivial summaries.
Every projection (q, k, v, o, wi_0, wi_1, wo) is cut to its best rank-r approximation by a
float64 singular-value decomposition; embeddings and norms stay as they are.
"""

import argparse
import collections
import pathlib
import re
import time

import safetensors.torch
import torch
import transformers
from rouge_score import rouge_scorer

import common
import make_dialogues

KINDS = ("rouge1", "rouge2", "rougeL", "rougeLsum")
PROJECTION = re.compile(r"\.(q|k|v|o|wi_0|wi_1|wo)\.weight$")


def load(folder):
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    head = safetensors.torch.load_file(folder / "model.safetensors")["lm_head.weight"]
    assert torch.equal(model.lm_head.weight, head), "the library tied the head to the embedding"
    return model


def rouge(predictions, references):
    scorer = rouge_scorer.RougeScorer(KINDS, use_stemmer=True)
    total = collections.Counter()
    for prediction, reference in zip(predictions, references):
        for kind, score in scorer.score(reference, prediction).items():
            total[kind] += score.fmeasure
    return {k: 100 * total[k] / len(references) for k in KINDS}


def summaries(model, tokenizer, examples, **limits):
    result = [None] * len(examples)
    order = sorted(range(len(examples)), key=lambda i: len(examples[i]["dialogue"]))
    for start in range(0, len(order), 50):
        part = order[start:start + 50]
        data = tokenizer([common.PREFIX + examples[i]["dialogue"] for i in part],
                         return_tensors="pt", padding=True)
        with torch.no_grad():
            ids = model.generate(**data, do_sample=False, **limits)
        for i, text in zip(part, tokenizer.batch_decode(ids, skip_special_tokens=True)):
            result[i] = text
    return result


def loss(model, tokenizer, examples):
    total = count = 0
    for start in range(0, len(examples), 50):
        part = examples[start:start + 50]
        pairs = [(tokenizer(common.PREFIX + e["dialogue"])["input_ids"],
                  tokenizer(e["summary"])["input_ids"]) for e in part]
        data = common.batch(pairs)
        words = int((data["labels"] != -100).sum())
        with torch.no_grad():
            total += float(model(**data).loss) * words
        count += words
    return total / count


def truncate(model, original, rank):
    state = model.state_dict()
    for name, value in original.items():
        if PROJECTION.search(name):
            u, s, v = torch.linalg.svd(value.double(), full_matrices=False)
            state[name].copy_((u[:, :rank] * s[:rank] @ v[:rank]).to(value.dtype))


def words(text):
    return set(re.findall(r"[a-z0-9:]+", text.lower()))


def spoken(dialogue, turns):
    lines = [line for line in re.split(r"\r?\n", dialogue) if line]
    return " ".join(line.split(": ", 1)[1] for line in lines[:turns])


def nearest(train, examples):
    """For each example the summary of the training dialogue sharing most words with it."""
    index = collections.defaultdict(list)
    sizes = []
    for i, e in enumerate(train):
        found = words(e["dialogue"])
        sizes.append(len(found))
        for word in found:
            index[word].append(i)
    result = []
    for e in examples:
        own = words(e["dialogue"])
        shared = collections.Counter()
        for word in own:
            shared.update(index.get(word, ()))
        best = max(shared, key=lambda i: (shared[i] / (len(own) + sizes[i] - shared[i]), -i))
        result.append(train[best]["summary"])
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=pathlib.Path(__file__).parent.parent / "demo", type=pathlib.Path)
    parser.add_argument("--ranks", default="96,64,56,48,40,32,24,16,8,4")
    parser.add_argument("--append", action="store_true", help="add the tables to training_log.txt")
    parser.add_argument("--show", type=int, default=0, help="print this many examples")
    parser.add_argument("--train-count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=20240)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = []

    def say(text):
        print(text, flush=True)
        lines.append(text)

    folder = arguments.model
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = load(folder)
    test = common.examples(folder / "test.json")
    calibration = common.examples(folder / "calibration.json")
    references = [e["summary"] for e in test]

    train, again, _ = make_dialogues.splits(arguments.train_count, arguments.seed)
    assert again == test, "test.json is not what the generator writes"
    seen = {e["dialogue"].replace("\r\n", "\n") for e in train}
    told = {e["summary"] for e in train}
    for label, part in (("test", test), ("calibration", calibration)):
        same = sum(e["dialogue"].replace("\r\n", "\n") in seen for e in part)
        said = sum(e["summary"] in told for e in part)
        say(f"{label}: {len(part)} dialogues, {same} of them in training; "
            f"{said} summaries ({100 * said / len(part):.1f} %) word for word in training")

    say("")
    say("summaries\tROUGE-1\tROUGE-2\tROUGE-L\tROUGE-Lsum")

    def row(label, predictions, extra=""):
        score = rouge(predictions, references)
        say(label + "".join(f"\t{score[k]:.2f}" for k in KINDS) + extra)

    row("first turn", [spoken(e["dialogue"], 1) for e in test])
    row("first three turns", [spoken(e["dialogue"], 3) for e in test])
    row("nearest training dialogue's", nearest(train, test))
    full = summaries(model, tokenizer, test, max_new_tokens=64)
    row("model, greedy, 64 new tokens", full)
    row("model, 4 beams, 64 new tokens", summaries(model, tokenizer, test, max_new_tokens=64, num_beams=4))
    short = summaries(model, tokenizer, test, max_length=20)
    row("model, greedy, max_length 20", short)
    cut = sum(a != b for a, b in zip(full, short))
    say(f"max_length 20 cuts {cut} of {len(test)} summaries")
    for i in range(arguments.show):
        print(test[i]["dialogue"], "\n  REF", references[i], "\n  GOT", full[i], "\n")

    say("")
    say("projection\trank\tfor 90 % of the energy\tfor 99 %")
    for name, value in model.state_dict().items():
        if PROJECTION.search(name):
            energy = torch.linalg.svdvals(value.double()).square()
            share = energy.cumsum(0) / energy.sum()
            needed = [int((share < part).sum()) + 1 for part in (0.9, 0.99)]
            say(f"{name.removesuffix('.weight')}\t{len(energy)}\t{needed[0]}\t{needed[1]}")

    say("")
    say("rank\tloss\tROUGE-1\tROUGE-2\tROUGE-L\tROUGE-Lsum\tseconds")
    original = {k: v.clone() for k, v in model.state_dict().items()}
    for rank in [int(r) for r in arguments.ranks.split(",")]:
        truncate(model, original, rank)
        began = time.time()
        row(f"{rank}\t{loss(model, tokenizer, test):.4f}",
            summaries(model, tokenizer, test, max_new_tokens=64), f"\t{time.time() - began:.0f}")
    if arguments.append:
        with open(folder / "training_log.txt", "a", encoding="utf-8", newline="\n") as log:
            log.write("\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
