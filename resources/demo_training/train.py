# SPDX-License-Identifier: Apache-2.0
"""Train the demo checkpoint from nothing: dialogues, vocabulary, model, files.

One thread, fixed seeds; the same versions on the same kind of processor give the same files.
"""

import argparse
import math
import pathlib
import random
import time

import safetensors.torch
import torch

import common
import make_dialogues
import sentencepiece


def held_out_loss(model, pairs):
    model.eval()
    total = count = 0
    with torch.no_grad():
        for start in range(0, len(pairs), 50):
            data = common.batch(pairs[start:start + 50])
            words = int((data["labels"] != -100).sum())
            total += float(model(**data).loss) * words
            count += words
    model.train()
    return total / count


def batches(pairs, size, rng):
    """Endless batches of about one length: shuffled, cut into pools, sorted within a pool."""
    pool = size * 40
    while True:
        order = list(range(len(pairs)))
        rng.shuffle(order)
        for start in range(0, len(order) - size + 1, pool):
            part = sorted(order[start:start + pool], key=lambda i: len(pairs[i][0]))
            groups = [part[i:i + size] for i in range(0, len(part) - size + 1, size)]
            rng.shuffle(groups)
            for group in groups:
                yield [pairs[i] for i in group]


def save(model, folder):
    tensors = {}
    for name, value in model.state_dict().items():
        if "embed_tokens" not in name:
            tensors[name] = value.detach().to(torch.float32).contiguous().clone()
    data = safetensors.torch.save(tensors, metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(data)
    return sum(t.numel() for t in tensors.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=pathlib.Path(__file__).parent.parent / "demo", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--pieces", type=int, default=1000)
    parser.add_argument("--train-count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=20240)
    parser.add_argument("--every", type=int, default=250, help="steps between log lines and saves")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rng = random.Random(arguments.seed)
    folder = arguments.out
    folder.mkdir(parents=True, exist_ok=True)

    train, test, calibration = make_dialogues.splits(arguments.train_count, arguments.seed)
    make_dialogues.write(folder / "test.json", test)
    make_dialogues.write(folder / "calibration.json", calibration)
    sentences = [e["dialogue"].replace("\r\n", "\n") for e in train[:20000]]
    sentences = [line for d in sentences for line in d.split("\n")]
    sentences += [e["summary"] for e in train[:20000]] + [common.PREFIX.strip()] * 2000
    common.train_vocabulary(folder, sentences, arguments.pieces)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    vocabulary = len(processor) + common.SENTINELS
    common.write_config(folder, vocabulary)

    def pairs(part):
        return [(common.encode(processor, common.PREFIX + e["dialogue"]),
                 common.encode(processor, e["summary"])) for e in part]

    train_pairs, held = pairs(train), pairs(calibration)
    model = common.new_model(vocabulary)
    model.train()
    # Decay acts on the projections alone: it is what makes their singular values fall.
    matrices = [p for n, p in model.named_parameters()
                if p.dim() > 1 and ".block." in n and "relative_attention_bias" not in n]
    decayed = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in decayed]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": arguments.decay}, {"params": others, "weight_decay": 0.0}],
        lr=arguments.rate, betas=(0.9, 0.98), eps=1e-8)

    log = open(folder / "training_log.txt", "w", encoding="utf-8", newline="\n")

    def say(text):
        print(text, flush=True)
        log.write(text + "\n")
        log.flush()

    sources = sorted(len(s) for s, _ in train_pairs)
    targets = sorted(len(t) for _, t in train_pairs)
    say(f"seed {arguments.seed}, {arguments.steps} steps of {arguments.batch}, AdamW rate "
        f"{arguments.rate:g}, weight decay {arguments.decay:g}, torch {torch.__version__.split('+')[0]}")
    say(f"{len(train)} training dialogues, vocabulary {vocabulary}, "
        f"{sum(p.numel() for p in model.parameters())} parameters")
    for label, lengths in (("source", sources), ("target", targets)):
        say(f"{label} tokens: median {lengths[len(lengths) // 2]}, "
            f"90% {lengths[len(lengths) * 9 // 10]}, longest {lengths[-1]}")
    say("step\tloss\theld-out loss\trate\tseconds")

    began = time.time()
    running = count = 0
    stream = batches(train_pairs, arguments.batch, rng)
    warm = 300
    for step in range(1, arguments.steps + 1):
        fraction = max(0.0, (step - warm) / (arguments.steps - warm))
        rate = arguments.rate * min(1.0, step / warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fraction)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = model(**common.batch(next(stream))).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        running += float(loss.detach())
        count += 1
        if step % arguments.every == 0 or step == arguments.steps:
            say(f"{step}\t{running / count:.4f}\t{held_out_loss(model, held):.4f}\t{rate:.2e}\t"
                f"{time.time() - began:.0f}")
            running = count = 0
            save(model, folder)
    log.close()


if __name__ == "__main__":
    main()
