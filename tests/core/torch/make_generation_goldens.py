# SPDX-License-Identifier: Apache-2.0
"""Makes goldens/KIND/generation.json: what transformers' generate() gives for the tiny models.

Versions and order as in make_goldens.py, which must have been run before:
    python make_generation_goldens.py            kinds A, B, C, C2, F under 4.57.6, D under 5.23.0
    python make_generation_goldens.py --compare  the stored goldens against the running version
Both versions agree on every case.

generation.json: sources (ids), and cases: options (the arguments of generate()), ids (without the
start token, up to and with </s>), scores (sequences_scores; greedy: the sum of log p).

A source counts only if every case gives the same ids after the weights are changed at random by
one part in a million, three times over; else another one is drawn in its place. So rounding
cannot decide a test.
"""

import json
import sys

import make_goldens
import torch
import transformers

SOURCES = [3, 9, 14, 20, 24]  # lengths
PERTURBATION = 1e-6
# transformers 4.57 sizes the cache by the encoder's blocks, and fails if the decoder has more
NO_CACHE = ("C2",)


def every_case():
    """Greedy and beam search with each option, alone and together."""
    yield dict(max_length=20)
    yield dict(max_new_tokens=24)
    yield dict(max_new_tokens=24, no_repeat_ngram_size=3)
    yield dict(max_new_tokens=24, no_repeat_ngram_size=1, min_new_tokens=6)
    yield dict(max_new_tokens=1)
    for beams in (2, 4, 8):
        for length_penalty in (0.0, 1.0, 2.0):
            for early_stopping in (False, True, "never"):
                yield dict(num_beams=beams, max_new_tokens=16, length_penalty=length_penalty,
                           early_stopping=early_stopping)
        yield dict(num_beams=beams, max_length=20)
        yield dict(num_beams=beams, max_new_tokens=20, no_repeat_ngram_size=3)
        yield dict(num_beams=beams, max_new_tokens=12, min_new_tokens=7, early_stopping=True)
        yield dict(num_beams=beams, max_new_tokens=20, min_new_tokens=4, no_repeat_ngram_size=2,
                   length_penalty=2.0, early_stopping="never")
        yield dict(num_beams=beams, max_new_tokens=14, length_penalty=-1.0, early_stopping="never")
        yield dict(num_beams=beams, max_new_tokens=1)


def cases_of(kind):
    """All of them for A, every third for the others, each beginning elsewhere."""
    cases = list(every_case())
    offset = "ABCDF".find(kind[0])
    return cases if kind == "A" else cases[:3] + cases[3 + offset % 3::3]


def generate(model, sources, options, cache):
    ids, mask = make_goldens.padded(sources)
    output = model.generate(
        input_ids=ids, attention_mask=mask, use_cache=cache, do_sample=False, pad_token_id=0,
        eos_token_id=1, decoder_start_token_id=0, return_dict_in_generate=True,
        output_scores=True, output_logits=True, **options)
    rows = [row[1:] for row in output.sequences.tolist()]
    rows = [row[:row.index(1) + 1] if 1 in row else row for row in rows]
    if "num_beams" in options:
        return rows, output.sequences_scores.tolist()
    scores = []
    for i, row in enumerate(rows):
        steps = [output.logits[t][i].log_softmax(-1)[token].item() for t, token in enumerate(row)]
        scores.append(sum(steps))
    return rows, scores


def load(kind):
    # transformers 4 must be told the keys that transformers 5 left out of D's config.json
    untie = {"tie_word_embeddings": False} if kind == "D" and make_goldens.VERSION == 4 else {}
    model = transformers.T5ForConditionalGeneration.from_pretrained(
        make_goldens.FOLDER / kind, dtype=torch.float32, attn_implementation="eager", **untie)
    return model.eval()


def perturbed(kind, seed):
    model = load(kind)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 1 + PERTURBATION * torch.randn(weight.shape, generator=generator)
    return model


def make(kind):
    model, others = load(kind), [perturbed(kind, seed) for seed in (1, 2, 3)]
    generator = torch.Generator().manual_seed(100)
    cache = kind not in NO_CACHE

    def draw(length):
        return make_goldens.draw([length], model.config.vocab_size, generator, last=[1])[0]

    sources = [draw(length) for length in SOURCES]
    while True:
        cases = []
        doubtful = set()
        for options in cases_of(kind):
            ids, scores = generate(model, sources, options, cache)
            cases.append(dict(options=options, ids=ids, scores=[round(s, 6) for s in scores]))
            for other in others:
                changed, _ = generate(other, sources, options, cache)
                doubtful |= {i for i in range(len(sources)) if changed[i] != ids[i]}
        if not doubtful:
            break
        for i in doubtful:
            print(f"{kind}: another source of length {SOURCES[i]}, rounding could decide it")
            sources[i] = draw(SOURCES[i])
    document = dict(transformers=transformers.__version__, sources=sources)
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    text = json.dumps(document)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    (make_goldens.FOLDER / kind / "generation.json").write_text(text)
    lengths = [[len(row) for row in case["ids"]] for case in cases]
    print(kind, len(cases), "cases; lengths of some:", lengths[::5])


def compare(kind):
    stored = json.loads((make_goldens.FOLDER / kind / "generation.json").read_text())
    model = load(kind)
    differing, largest = 0, 0.0
    for case in stored["cases"]:
        ids, scores = generate(model, stored["sources"], case["options"], kind not in NO_CACHE)
        if ids != case["ids"]:
            differing += 1
            print(kind, case["options"], "\n  ", case["ids"], "\n  ", ids)
        largest = max(largest, *(abs(a - b) for a, b in zip(scores, case["scores"])))
    print(f"{kind}: {differing} of {len(stored['cases'])} cases differ, scores by {largest:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for kind in ("A", "B", "C", "C2", "D", "F"):
        if "--compare" in sys.argv:
            compare(kind)
        elif make_goldens.KINDS[kind][2] == make_goldens.VERSION:
            make(kind)
