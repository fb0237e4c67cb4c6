# SPDX-License-Identifier: Apache-2.0
"""transformers as a contender: loads a checkpoint, says so with a line of JSON, then answers each
line of JSON on its input with one on its output.

    python3 transformers_peer.py FOLDER --device cuda --dtype bfloat16

    {"task": "generate", "sources": [[ids]], "beams", "new_tokens", "batch"} -> {"seconds", "ids"}
    {"task": "loss", "sources", "targets", "batch"} -> {"seconds", "sum", "tokens"}
    {"task": "moments", "sources", "targets", "batch"} -> {"seconds", "tokens"}
    {"task": "gaps", "sources", "prefixes": [[ids]]} -> {"gaps"}: how far apart the two best logits
        are after each prefix of what is generated

and in each on a GPU "peak_gpu_bytes", what PyTorch's allocator held at most during the task. Where
memory is lacking the answer is {"out_of_memory": true}.
"""
import argparse
import gc
import json
import sys
import time

from dialogues import START


class Transformers:
    def __init__(self, folder, threads=0, device="cpu", dtype="float32", attention=None):
        import torch
        from transformers import T5ForConditionalGeneration
        self.torch, self.device = torch, device
        if threads:
            torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        chosen = {"attn_implementation": attention} if attention else {}
        self.model = T5ForConditionalGeneration.from_pretrained(
            folder, dtype=getattr(torch, dtype), **chosen).eval().to(device)

    def on_gpu(self):
        return self.device.startswith("cuda")

    def padded(self, rows, value):
        longest = max(map(len, rows))
        padded = [row + [value] * (longest - len(row)) for row in rows]
        return self.torch.tensor(padded).to(self.device)

    def synchronize(self):
        if self.on_gpu():
            self.torch.cuda.synchronize()

    def batches(self, request):
        size = request.get("batch") or len(request["sources"])
        for begin in range(0, len(request["sources"]), size):
            yield slice(begin, begin + size)

    def generate(self, request):
        results = []
        self.synchronize()
        start = time.perf_counter()
        for batch in self.batches(request):
            ids = self.padded(request["sources"][batch], START)
            results.append(self.model.generate(
                ids, attention_mask=(ids != START).long(), num_beams=request["beams"],
                do_sample=False, min_new_tokens=request["new_tokens"],
                max_new_tokens=request["new_tokens"])[:, 1:].tolist())
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "ids": [row for rows in results for row in rows]}

    def losses(self, request):
        """Σ -log p of each batch, on the device, and its tokens."""
        for batch in self.batches(request):
            ids = self.padded(request["sources"][batch], START)
            labels = self.padded(request["targets"][batch], -100)
            count = sum(map(len, request["targets"][batch]))
            yield self.model(input_ids=ids, attention_mask=(ids != START).long(),
                             labels=labels).loss * count, count

    def loss(self, request):
        self.synchronize()
        start = time.perf_counter()
        sums, counts = zip(*self.losses(request))
        total = float(self.torch.stack(sums).double().sum())
        return {"seconds": time.perf_counter() - start, "sum": total, "tokens": sum(counts)}

    def moments(self, request):
        """Second moments of every linear layer's inputs, by hooks, in float64; padding is
        not removed. Layers with the same input are hooked once."""
        torch = self.torch
        sums = {}

        def add(name):
            def hook(_module, inputs):
                x = inputs[0].reshape(-1, inputs[0].shape[-1]).double()
                if name in sums:
                    sums[name].addmm_(x.T, x)
                else:
                    sums[name] = x.T @ x
            return hook
        shared = (".k", ".v", "wi_1")
        hooks = [module.register_forward_pre_hook(add(name))
                 for name, module in self.model.named_modules()
                 if isinstance(module, torch.nn.Linear) and not name.endswith(shared)]
        self.synchronize()
        start = time.perf_counter()
        sum(float(loss) for loss, _ in self.losses(request))
        self.synchronize()
        seconds = time.perf_counter() - start
        for hook in hooks:
            hook.remove()
        tokens = sum(map(len, request["sources"])) + sum(map(len, request["targets"]))
        return {"seconds": seconds, "tokens": tokens}

    def gaps(self, request):
        gaps = []
        for source, prefix in zip(request["sources"], request["prefixes"]):
            logits = self.model(input_ids=self.padded([source], START),
                                decoder_input_ids=self.padded([[START] + prefix], START)).logits
            best = logits[0, -1].float().topk(2).values
            gaps.append(float(best[0] - best[1]))
        return {"gaps": gaps}

    def answer(self, request):
        cuda = self.torch.cuda
        if not self.on_gpu():
            return getattr(self, request["task"])(request)
        gc.collect()
        cuda.empty_cache()
        cuda.reset_peak_memory_stats()
        try:
            answer = getattr(self, request["task"])(request)
        except cuda.OutOfMemoryError:
            return {"out_of_memory": True}
        return {**answer, "peak_gpu_bytes": cuda.max_memory_reserved()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--attention", help="attn_implementation, e.g. eager")
    arguments = parser.parse_args()
    peer = Transformers(arguments.folder, arguments.threads, arguments.device, arguments.dtype,
                        arguments.attention)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(peer.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
