# SPDX-License-Identifier: Apache-2.0
"""./dev bench evaluate: generation, loss and ROUGE of ours beside the Python peers.

One checkpoint of the shape of Flan-T5-base with random weights, the same tokens, the same number of
threads, rounds in which every contender has its turn. Checks that the ids and losses are those of
transformers, then prints a Markdown table of medians.
"""
import argparse
import gc
import json
import os
import pathlib
import platform
import random
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "contenders"))
from dialogues import END, START, samsum_like
from transformers_peer import Transformers
from worker import Ended, Worker

WORDS = ("the a we you I they meeting lunch tomorrow today train late office call coffee party "
         "birthday present buy ticket movie dinner happy sorry going coming bring running worked "
         "houses happily relational national conditions Anna Mark Tom Julia weekend").split()


def write_checkpoint(folder, layers, vocabulary):
    """T5's own initialisation; the head is scaled down so that logits are a few units wide."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import T5Config, T5ForConditionalGeneration, T5TokenizerFast
    torch.manual_seed(7)
    config = T5Config(
        vocab_size=vocabulary, d_model=768, d_kv=64, d_ff=2048, num_heads=12, num_layers=layers,
        num_decoder_layers=layers, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
        decoder_start_token_id=START, pad_token_id=START, eos_token_id=END)
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(3 / 768 ** 0.5)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    # CTranslate2's converter wants a vocabulary: one made-up piece for each id.
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(f"▁t{index}", -10.0) for index in range(3, vocabulary)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    T5TokenizerFast(tokenizer_object=tokenizer, extra_ids=0).save_pretrained(part)
    part.rename(folder)


def rouge_pairs(generator, count):
    def text():
        words = [generator.choice(WORDS) for _ in range(generator.randrange(8, 40))]
        words[len(words) // 2] += ".\n"
        return " ".join(words) + "."
    return [text() for _ in range(count)], [text() for _ in range(count)]


# --- contenders, each in a process of its own that answers line by line -------------------------

def eager_transformers(folder, threads):
    return Transformers(folder, threads, attention="eager")


class CTranslate2:
    def __init__(self, folder, threads):
        import ctranslate2
        self.translator = ctranslate2.Translator(
            str(folder), device="cpu", compute_type="float32", inter_threads=1,
            intra_threads=threads)

    def generate(self, request):
        def piece(token):
            return ["<pad>", "</s>", "<unk>"][token] if token < 3 else f"▁t{token}"
        numbers = {"<pad>": 0, "</s>": 1, "<unk>": 2}
        sources = [[piece(token) for token in row] for row in request["sources"]]
        start = time.perf_counter()
        results = self.translator.translate_batch(
            sources, beam_size=request["beams"], max_decoding_length=request["new_tokens"],
            min_decoding_length=request["new_tokens"])
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "ids": [
            [numbers[token] if token in numbers else int(token[2:])
             for token in result.hypotheses[0]] for result in results]}


class RougeScore:
    def __init__(self, _folder, _threads):
        pass

    def rouge(self, request):
        from rouge_score import rouge_scorer, scoring
        types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
        start = time.perf_counter()
        scorer = rouge_scorer.RougeScorer(types, use_stemmer=True)
        aggregator = scoring.BootstrapAggregator(n_samples=request["resamples"])
        scores = []
        for reference, prediction in zip(request["references"], request["predictions"]):
            scores.append(scorer.score(reference, prediction))
            aggregator.add_scores(scores[-1])
        aggregator.aggregate()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "means": {
            name: [statistics.fmean(score[name][part] for score in scores) for part in range(3)]
            for name in types}}


PEERS = {"transformers": eager_transformers, "ctranslate2": CTranslate2, "rouge_score": RougeScore}


def serve(kind, folder, threads):
    peer = PEERS[kind](pathlib.Path(folder), threads)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(peer, request["task"])(request)
        gc.collect()
        print(json.dumps(answer), flush=True)


# --- the bench ----------------------------------------------------------------------------------

def prepare(arguments):
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    dense = work / f"evaluate-base-{arguments.layers}-{arguments.vocabulary}"
    if not dense.exists():
        print(f"making {dense}", file=sys.stderr)
        write_checkpoint(dense, arguments.layers, arguments.vocabulary)
    converted = dense.with_name(dense.name + "-ctranslate2")
    if not converted.exists():
        part = converted.with_name(converted.name + ".part")
        converter = pathlib.Path(sys.executable).with_name("ct2-transformers-converter")
        subprocess.run([converter, "--model", dense, "--output_dir", part, "--force"], check=True,
                       stdout=sys.stderr)
        part.rename(converted)
    half = dense.with_name(dense.name + "-half")
    if not half.exists():
        subprocess.run([arguments.cli, "compress", dense, "--targets", "attention,ffn", "--ratio",
                        "0.5", "--out", half], check=True, stdout=sys.stderr)
    return dense, converted, half


def start_workers(arguments, dense, converted, half):
    def peer(kind, folder):
        return Worker([sys.executable, __file__, "--peer", kind, "--work", folder, "--threads",
                       arguments.threads], arguments.threads)

    def ours(folder):
        return Worker([arguments.program, folder, arguments.threads, "cpu"], arguments.threads)

    return {"transformers": peer("transformers", dense),
            "CTranslate2": peer("ctranslate2", converted), "ours": ours(dense),
            "ours, half": ours(half), "rouge_score": peer("rouge_score", ".")}


def make_tasks(arguments):
    generator = random.Random(11)
    sources = [[generator.randrange(3, arguments.vocabulary) for _ in range(191)] + [END]
               for _ in range(8)]
    tokens = arguments.new_tokens
    many_sources, many_targets = samsum_like(generator, arguments.examples, arguments.vocabulary)
    references, predictions = rouge_pairs(generator, 819)
    generating = ["transformers", "CTranslate2", "ours", "ours, half"]
    return {
        "greedy": (generating, {"task": "generate", "sources": sources, "beams": 1,
                                "new_tokens": tokens}),
        "beam 4": (generating, {"task": "generate", "sources": sources, "beams": 4,
                                "new_tokens": tokens}),
        "loss": (["transformers", "ours", "ours, half"],
                 {"task": "loss", "sources": many_sources, "targets": many_targets,
                  "token_budget": 8192, "batch": 8}),
        "ROUGE": (["rouge_score", "ours"],
                  {"task": "rouge", "references": references, "predictions": predictions,
                   "resamples": 1000})}


def check(answers):
    """Checks that ours computes the same as the peers."""
    def same_ids(task, peer):
        ours, theirs = answers[task]["ours"]["ids"], answers[task][peer]["ids"]
        return sum(a == b for a, b in zip(ours, theirs, strict=True))
    equal = {f"{task} ids equal to {peer}'s, of 8": same_ids(task, peer)
             for task in ("greedy", "beam 4") for peer in ("transformers", "CTranslate2")}
    ours, theirs = answers["loss"]["ours"], answers["loss"]["transformers"]
    equal["relative difference of the loss"] = abs(
        ours["sum"] / ours["tokens"] * theirs["tokens"] / theirs["sum"] - 1)
    means = answers["ROUGE"]["rouge_score"]["means"]
    equal["largest difference of a mean ROUGE"] = max(
        abs(answers["ROUGE"]["ours"][name][part][1] - means[name][part])
        for name in means for part in range(3))
    return equal


GOALS = [("greedy", "transformers", "ours", 1.6), ("beam 4", "transformers", "ours", 2.4),
         ("greedy", "CTranslate2", "ours", 1.0), ("beam 4", "CTranslate2", "ours", 1.0),
         ("loss", "transformers", "ours", 1.5), ("greedy", "ours", "ours, half", 1.3),
         ("beam 4", "ours", "ours, half", 1.3), ("ROUGE", "rouge_score", "ours", 50)]


def machine():
    model = platform.processor()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


def print_table(times, passed):
    print("| task | contender | median s | fastest - slowest | times ours |\n|---|---|---|---|---|")
    for task, contenders in times.items():
        base = statistics.median(contenders["ours"])
        for name, seconds in contenders.items():
            median = statistics.median(seconds)
            print(f"| {task} | {name} | {median:.3g} | {min(seconds):.3g} - {max(seconds):.3g} | "
                  f"{median / base:.2f} |")
    print("\n| goal | reached | asked |\n|---|---|---|")
    for name, entry in passed.items():
        print(f"| {name} | {entry['reached']:.4g} | {entry['asked']} |")


def judge(times, equal, peak, allowed):
    passed = {}
    for task, slow, fast, factor in GOALS:
        ratio = statistics.median(times[task][slow]) / statistics.median(times[task][fast])
        passed[f"{task}: {fast} over {slow}"] = {
            "reached": ratio, "asked": f">= {factor}", "passed": ratio >= factor}
    passed["peak memory, MB"] = {"reached": peak / 1e6, "asked": f"<= {allowed / 1e6:.0f}",
                                 "passed": peak <= allowed}
    for name, value in equal.items():
        if "CTranslate2" in name:  # may break a near tie otherwise: told, not asked for
            passed[name] = {"reached": value, "asked": "-", "passed": True}
        elif "ids" in name:
            passed[name] = {"reached": value, "asked": "8", "passed": value == 8}
        else:
            limit = 1e-5 if "loss" in name else 1e-12
            passed[name] = {"reached": value, "asked": f"<= {limit}", "passed": value <= limit}
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, default="build/bench")
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--program", default="build/release/bin/rankscope-bench-evaluate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--examples", type=int, default=128, help="of the loss")
    parser.add_argument("--new-tokens", type=int, default=48)
    parser.add_argument("--layers", type=int, default=12, help="fewer only to try the script")
    parser.add_argument("--vocabulary", type=int, default=32128, help="smaller only to try the script")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        serve(arguments.peer, arguments.work, arguments.threads)
        return

    import ctranslate2
    import torch
    import transformers
    dense, converted, half = prepare(arguments)
    tasks = make_tasks(arguments)
    workers = start_workers(arguments, dense, converted, half)
    answers = {task: {} for task in tasks}
    times = {task: {name: [] for name in names} for task, (names, _) in tasks.items()}
    # Round 0 warms up and gives the results to compare.
    for number in range(arguments.rounds + 1):
        for task, (names, request) in tasks.items():
            for name in names:
                answer = workers[name].ask(request)
                if number == 0:
                    answers[task][name] = answer
                else:
                    times[task][name].append(answer["seconds"])
                if name.startswith("ours"):
                    answers[task][name]["peak_rss_bytes"] = answer["peak_rss_bytes"]
                print(f"round {number}: {task}, {name} {answer['seconds']:.3f} s", file=sys.stderr)
    for worker in workers.values():
        worker.close()

    size = sum(file.stat().st_size for file in dense.glob("*.safetensors"))
    peak = max(answers[task]["ours"]["peak_rss_bytes"] for task in tasks)
    passed = judge(times, check(answers), peak, size + 1.5e9)
    versions = (f"torch {torch.__version__}, transformers {transformers.__version__}, "
                f"CTranslate2 {ctranslate2.__version__}")
    print(f"{machine()}; {versions}; {arguments.threads} threads, checkpoint {size} bytes, "
          f"{arguments.rounds} rounds, {arguments.examples} examples of the loss\n")
    print_table(times, passed)
    if arguments.json:
        arguments.json.write_text(json.dumps(
            {"machine": machine(), "versions": versions, "rounds": arguments.rounds,
             "threads": arguments.threads, "seconds": times, "goals": passed}, indent=1) + "\n")
    missed = [name for name, entry in passed.items() if not entry["passed"]]
    if missed:
        raise SystemExit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    try:
        main()
    except Ended as ended:
        raise SystemExit(str(ended))
