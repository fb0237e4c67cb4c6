# SPDX-License-Identifier: Apache-2.0
"""Writes goldens/evaluation.json: what transformers and rouge_score make of the demo model and its
first dialogues. python3 make_goldens.py

Made with torch 2.15, transformers 4.57.6, accelerate 1.11.0, rouge_score 0.1.2, nltk 3.10.4.
The tests never run this.

"trainer": 11 dialogues in batches of 4, each batch's loss by the model, and eval_loss by
Seq2SeqTrainer.evaluate itself. The rule up to transformers 4.35 is computed here from the same
batch losses: that Trainer repeats a batch's loss once for each of its examples and takes the mean.
"samples": 20 dialogues with the loss sum and tokens of each, greedy and 4-beam summaries, and their
ROUGE (stemmed; sentences by nltk's untrained Punkt on lines for Lsum).
"""
import json
import pathlib
import tempfile

import nltk
import torch
from rouge_score import rouge_scorer
from transformers import (AutoModelForSeq2SeqLM, AutoTokenizer, DataCollatorForSeq2Seq,
                          Seq2SeqTrainer, Seq2SeqTrainingArguments)

HERE = pathlib.Path(__file__).resolve().parent
DEMO = HERE.parents[2] / "resources" / "demo"
TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def features(tokenizer, item):
    source = tokenizer("summarize: " + item["dialogue"], max_length=512, truncation=True)
    labels = tokenizer(text_target=item["summary"], max_length=512, truncation=True)["input_ids"]
    return {"input_ids": source["input_ids"], "attention_mask": source["attention_mask"],
            "labels": labels}


def trainer_losses(model, tokenizer, rows, size):
    collator = DataCollatorForSeq2Seq(tokenizer, model=model, label_pad_token_id=-100)
    batches = [rows[i:i + size] for i in range(0, len(rows), size)]
    losses = []
    for batch in batches:
        with torch.no_grad():
            losses.append(float(model(**collator([dict(row) for row in batch])).loss))
    with tempfile.TemporaryDirectory() as folder:
        arguments = Seq2SeqTrainingArguments(folder, per_device_eval_batch_size=size, use_cpu=True,
                                             report_to=[], disable_tqdm=True)
        trainer = Seq2SeqTrainer(model=model, args=arguments, data_collator=collator)
        measured = trainer.evaluate(eval_dataset=rows)["eval_loss"]
    weighted = sum(len(b) * l for b, l in zip(batches, losses)) / len(rows)
    return {"examples": len(rows), "batch_size": size, "batch_losses": losses,
            "trainer_batch_mean": measured, "trainer_weighted": weighted}


def loss_sum(model, row):
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([row["input_ids"]]),
                       labels=torch.tensor([row["labels"]])).logits[0].double()
    chosen = torch.log_softmax(logits, -1)[range(len(row["labels"])), row["labels"]]
    return -float(chosen.sum())


def summary(model, tokenizer, scorer, row, reference, **options):
    with torch.no_grad():
        ids = model.generate(input_ids=torch.tensor([row["input_ids"]]), **options)[0].tolist()[1:]
    while ids and ids[-1] == tokenizer.pad_token_id:
        ids.pop()
    text = tokenizer.decode(ids, skip_special_tokens=True).strip()
    lines = ["\n".join(nltk.tokenize.PunktSentenceTokenizer().tokenize(t))
             for t in (reference, text)]
    scores = scorer.score(*lines)
    return {"ids": ids, "text": text, "rouge": {t: list(scores[t]) for t in TYPES}}


def main():
    model = AutoModelForSeq2SeqLM.from_pretrained(DEMO, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(DEMO)
    items = json.loads((DEMO / "test.json").read_text())[:20]
    rows = [features(tokenizer, item) for item in items]
    scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=True)
    samples = []
    for item, row in zip(items, rows):
        samples.append({
            "id": item["id"], "source_tokens": len(row["input_ids"]),
            "loss": loss_sum(model, row), "loss_tokens": len(row["labels"]),
            "card": summary(model, tokenizer, scorer, row, item["summary"], max_length=20),
            "beam4": summary(model, tokenizer, scorer, row, item["summary"], num_beams=4,
                             max_new_tokens=60)})
    document = {"trainer": trainer_losses(model, tokenizer, rows[:11], 4), "samples": samples}
    target = HERE / "goldens" / "evaluation.json"
    target.write_text(json.dumps(document, indent=0) + "\n")


if __name__ == "__main__":
    main()
