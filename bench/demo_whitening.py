# SPDX-License-Identifier: Apache-2.0
"""./dev bench demo_whitening: why whitening does not help the demo model as its layer errors say, and
what each change of `compensated` brings.

An independent float64 model in transformers: nothing of the program is used but the demo's files.
Loss is the mean over the tokens of 100 test dialogues, moments are of 100 calibration dialogues,
every matrix of attention and feed-forward keeps the same share of its parameters (pivoted).
"""
import collections
import copy
import json
import pathlib

import torch
import transformers

FOLDER = pathlib.Path(__file__).parent.parent / "resources/demo"
BUDGETS = (0.8, 0.7, 0.6, 0.5)


def read(file, tokenizer):
    rows = json.loads((FOLDER / file).read_text())[:100]
    source = tokenizer(["summarize: " + row["dialogue"] for row in rows], padding=True,
                       truncation=True, max_length=512, return_tensors="pt")
    target = tokenizer([row["summary"] for row in rows], padding=True, truncation=True,
                       max_length=128, return_tensors="pt")
    real = target.attention_mask.bool()
    return {"input_ids": source.input_ids, "attention_mask": source.attention_mask,
            "labels": target.input_ids.masked_fill(~real, -100)}, real


def loss(model, data):
    logits = model(**data).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), data["labels"].flatten(),
                                             ignore_index=-100).item()


def steps(config):
    """Linear layers in the order of the forward pass; those with the same input together."""
    for i in range(config.num_layers):
        block = f"encoder.block.{i}.layer"
        yield [f"{block}.0.SelfAttention.{role}" for role in "qkv"]
        yield [f"{block}.0.SelfAttention.o"]
        yield [f"{block}.1.DenseReluDense.wi_0", f"{block}.1.DenseReluDense.wi_1"]
        yield [f"{block}.1.DenseReluDense.wo"]
    yield [f"decoder.block.{i}.layer.1.EncDecAttention.{role}"
           for i in range(config.num_decoder_layers) for role in "kv"]
    for i in range(config.num_decoder_layers):
        block = f"decoder.block.{i}.layer"
        yield [f"{block}.0.SelfAttention.{role}" for role in "qkv"]
        yield [f"{block}.0.SelfAttention.o"]
        yield [f"{block}.1.EncDecAttention.q"]
        yield [f"{block}.1.EncDecAttention.o"]
        yield [f"{block}.2.DenseReluDense.wi_0", f"{block}.2.DenseReluDense.wi_1"]
        yield [f"{block}.2.DenseReluDense.wo"]


def of_source(name):
    return name.startswith("encoder") or name.endswith(("EncDecAttention.k", "EncDecAttention.v"))


def to_stream(name):
    return name.endswith((".o", ".wo"))


def captured(model, names, data, real):
    """Inputs [tokens, in] by name, and the residual stream before o and wo."""
    inputs, streams, handles = {}, {}, []
    source = data["attention_mask"].bool()
    for name in names:
        mask = source if of_source(name) else real

        def keep_input(module, arguments, name=name, mask=mask):
            inputs[name] = arguments[0][mask]

        def keep_stream(module, arguments, named, name=name, mask=mask):
            streams[name] = (arguments[0] if arguments else named["hidden_states"])[mask]

        handles.append(model.get_submodule(name).register_forward_pre_hook(keep_input))
        if to_stream(name):
            layer = model.get_submodule(".".join(name.split(".")[:5]))
            handles.append(layer.register_forward_pre_hook(keep_stream, with_kwargs=True))
    model(**data)
    for handle in handles:
        handle.remove()
    return inputs, streams


def projected(weight, metric, rank):
    u = torch.linalg.eigh(weight @ metric @ weight.T)[1][:, -rank:]
    return u @ (u.T @ weight)


def truncated(weight, rank):
    u, s, vh = torch.linalg.svd(weight, full_matrices=False)
    return u[:, :rank] * s[:rank] @ vh[:rank]


class Demo:
    def __init__(self):
        tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER)
        self.model = transformers.T5ForConditionalGeneration.from_pretrained(FOLDER).double().eval()
        self.calibration, self.real = read("calibration.json", tokenizer)
        self.test, _ = read("test.json", tokenizer)
        self.steps = list(steps(self.model.config))
        self.names = [name for step in self.steps for name in step]
        self.weights = {name: self.model.get_submodule(name).weight.clone() for name in self.names}
        self.inputs, self.streams = captured(self.model, self.names, self.calibration, self.real)
        source = self.calibration["input_ids"][self.calibration["attention_mask"].bool()]
        target = self.model._shift_right(self.calibration["labels"])[self.real]
        self.tokens = {True: source.tolist(), False: target.tolist()}
        self.all = sum(parameter.numel() for parameter in self.model.parameters())
        self.chosen = sum(weight.numel() for weight in self.weights.values())

    def ranks(self, budget):
        share = (budget * self.all - (self.all - self.chosen)) / self.chosen
        result = {}
        for name, weight in self.weights.items():
            m, n = weight.shape
            result[name] = max(rank for rank in range(1, min(m, n) + 1)
                               if rank == 1 or rank * (m + n - rank) <= share * m * n)
        return result

    def token_weights(self, name, rarity):
        tokens = self.tokens[of_source(name)]
        counts = collections.Counter(tokens)
        weights = torch.tensor([counts[token] ** -rarity for token in tokens]).double()[:, None]
        return weights / weights.mean()

    def moments(self, name, rarity=0.0):
        x = self.inputs[name]
        return x.T @ (x * self.token_weights(name, rarity))

    def measured(self, weights):
        model = copy.deepcopy(self.model)
        for name, weight in weights.items():
            model.get_submodule(name).weight.copy_(weight)
        return loss(model, self.test)

    def walked(self, ranks, ridge, towards_weight, stream, rarity):
        """anchored, and with the last three compensated."""
        model = copy.deepcopy(self.model)
        for step in self.steps:
            inputs, streams = captured(model, step, self.calibration, self.real)
            for name in step:
                x, weight = inputs[name], self.weights[name]
                target = self.inputs[name] @ weight.T
                if stream and to_stream(name):
                    target = target + self.streams[name] - streams[name]
                weighed = x * self.token_weights(name, rarity)
                gram = x.T @ weighed
                pull = ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
                wanted = target.T @ weighed + (weight @ pull if towards_weight else 0)
                best = torch.linalg.solve(gram + pull, wanted.T).T
                model.get_submodule(name).weight.copy_(
                    projected(best, gram + pull, ranks[name]))
        return loss(model, self.test)


def power(matrix, exponent):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=values[-1] * 1e-12) ** exponent @ vectors.T


@torch.no_grad()
def main():
    transformers.utils.logging.set_verbosity_error()
    demo = Demo()
    dense = loss(demo.model, demo.test)
    ranks = {budget: demo.ranks(budget) for budget in BUDGETS}
    print(f"dense loss {dense:.3f}\n\n| | {' | '.join(f'{budget:.0%}' for budget in BUDGETS)} |\n"
          "|---|---|---|---|---|")

    def row(name, measure):
        print(f"| {name} | {' | '.join(f'{measure(ranks[b]):.3f}' for b in BUDGETS)} |", flush=True)

    def by_metric(metric):
        metrics = {name: metric(name) for name in demo.names}
        return lambda chosen: demo.measured({name: projected(demo.weights[name], metrics[name],
                                                             chosen[name]) for name in demo.names})

    def centred(name):
        x = demo.inputs[name] - demo.inputs[name].mean(0)
        return x.T @ x

    def with_mean(name):
        g = demo.moments(name)
        return g + g.diagonal().mean() * torch.eye(len(g), dtype=g.dtype)

    row("svd", lambda chosen: demo.measured({name: truncated(weight, chosen[name])
                                             for name, weight in demo.weights.items()}))
    row("whitened", by_metric(demo.moments))
    row("whitened, inputs centred", by_metric(centred))
    row("whitened, G + mean of its diagonal", by_metric(with_mean))
    row("whitened, root of G", by_metric(lambda name: power(demo.moments(name), 0.5)))
    row("whitened, rarity 0.5", by_metric(lambda name: demo.moments(name, 0.5)))
    row("anchored, ridge 0.01", lambda r: demo.walked(r, 0.01, False, False, 0))
    row("anchored, ridge 0.1", lambda r: demo.walked(r, 0.1, False, False, 0))
    row("... ridge towards W, 0.1", lambda r: demo.walked(r, 0.1, True, False, 0))
    row("... and the stream made up for", lambda r: demo.walked(r, 0.1, True, True, 0))
    row("... and rarity 0.5 (compensated)", lambda r: demo.walked(r, 0.1, True, True, 0.5))

    chosen = ranks[0.6]
    alone = {"svd": [], "whitened": []}
    for name, weight in demo.weights.items():
        for method, made in (("svd", truncated(weight, chosen[name])),
                             ("whitened", projected(weight, demo.moments(name), chosen[name]))):
            alone[method].append(demo.measured({name: made}) - dense)
    better = sum(b < a for a, b in zip(alone["svd"], alone["whitened"]))
    print(f"\nOne matrix at a time, at its rank of 60 %: the {len(demo.names)} increases of the loss "
          f"add up to {sum(alone['svd']):.3f} (svd) and {sum(alone['whitened']):.3f} (whitened), "
          f"which is better for {better} of them.")


if __name__ == "__main__":
    main()
