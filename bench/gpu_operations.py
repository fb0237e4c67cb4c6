# SPDX-License-Identifier: Apache-2.0
"""Single operations of PyTorch on a GPU, which explain what limits Rankscope there: what one
decomposition, one copy, one kernel and one step of attention take. Prints a Markdown table of
milliseconds, medians of a few runs after one that is not counted. Needs PyTorch alone.

    python3 bench/gpu_operations.py [--device cuda] [--small]
"""
import argparse
import statistics
import threading
import time

import torch

SIDE, ROWS = 768, 2048  # of Flan-T5-base's matrices
HEADS, WIDTH, KEYS = 12, 64, 160


class Table:
    def __init__(self, device):
        self.device = device
        print("| operation | ms |\n|---|---|")

    def finish(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def row(self, name, work, rounds=5):
        work()
        self.finish()
        seconds = []
        for _ in range(rounds):
            begin = time.perf_counter()
            work()
            self.finish()
            seconds.append(time.perf_counter() - begin)
        print(f"| {name} | {1e3 * statistics.median(seconds):.3f} |", flush=True)


def positive(count, side, device, dtype=torch.float64):
    weight = torch.randn(count, side, side, dtype=dtype, device=device)
    return weight @ weight.mT / side


def on_streams(count, work, device):
    """`work` four times on each of `count` threads; on a GPU each has a stream of its own."""
    def one():
        if device != "cuda":
            return [work() for _ in range(4)]
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for _ in range(4):
                work()
            stream.synchronize()
    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tridiagonal(matrices):
    """Diagonals and off-diagonals of symmetric matrices by Householder's method, all at once."""
    a, off = matrices.clone(), []
    side = a.shape[1]
    for k in range(side - 2):
        x = a[:, k + 1:, k]
        norm = x.norm(dim=1)
        alpha = torch.where(x[:, 0] > 0, -norm, norm)
        off.append(alpha)
        v = x.clone()
        v[:, 0] -= alpha
        v = (v / v.norm(dim=1, keepdim=True).clamp_min(1e-300)).unsqueeze(2)
        rest = a[:, k + 1:, k + 1:]
        p = torch.bmm(rest, v)
        w = p - v * (v.mT @ p)
        rest.baddbmm_(torch.cat([v, w], 2), torch.cat([w, v], 2).mT, alpha=-2)
    off.append(a[:, side - 1, side - 2].clone())
    return a.diagonal(dim1=1, dim2=2), torch.stack(off, 1)


def decompositions(table, side, batch):
    device = table.device
    for dtype in (torch.float64, torch.float32):
        one = positive(1, side, device, dtype)[0]
        table.row(f"eigenvalues, {side} x {side}, {dtype}", lambda: torch.linalg.eigvalsh(one))
    one, some = positive(1, side, device)[0], positive(16, side, device)
    table.row("eigenvalues of 16 in one call", lambda: torch.linalg.eigvalsh(some))
    for count in (1, 4, 8, 16):
        table.row(f"eigenvalues, 4 on each of {count} threads",
                  lambda: on_streams(count, lambda: torch.linalg.eigvalsh(one), device), 2)
    many = positive(batch, side, device)
    table.row(f"tridiagonal form of {batch} at once", lambda: tridiagonal(many), 2)
    if device == "cuda":
        torch.backends.cuda.preferred_linalg_library("magma")
        table.row("eigenvalues by MAGMA", lambda: torch.linalg.eigvalsh(one), 2)
        torch.backends.cuda.preferred_linalg_library("default")


def copies_and_kernels(table):
    tall = torch.randn(ROWS, SIDE, dtype=torch.float64)
    table.row(f"copying {ROWS} x {SIDE} float64 to the device",
              lambda: tall.to(table.device, copy=True))
    x, y = (torch.randn(64, SIDE, device=table.device) for _ in range(2))

    def adds():
        for _ in range(1000):
            x.add_(y)
    table.row("1000 small kernels", adds)
    rows = torch.randn(8192, SIDE, device=table.device)
    weight = torch.randn(SIDE, ROWS, device=table.device)
    table.row(f"product 8192 x {SIDE} x {ROWS}, float32", lambda: rows @ weight)


def attention_steps(table, sources):
    """Cross attention of a decoder step: products as in core/torch/t5/aten_cache.cpp, and fused."""
    for dtype in (torch.float32, torch.bfloat16):
        keys = torch.randn(sources, HEADS, KEYS, WIDTH, device=table.device, dtype=dtype)
        turned = keys.mT.contiguous()
        mask = torch.zeros(sources, 1, 1, KEYS, device=table.device, dtype=dtype)
        for queries in (4, 1):
            q = torch.randn(sources, HEADS, queries, WIDTH, device=table.device, dtype=dtype)

            def products(k):
                weights = torch.softmax((q @ k).add_(mask), -1, torch.float32).to(dtype)
                return weights @ keys
            what = f"attention, {sources} sources, {queries} queries, {dtype}"
            table.row(what, lambda: products(keys.mT))
            table.row(f"{what}, keys transposed", lambda: products(turned))
            table.row(f"{what}, fused", lambda: torch.nn.functional.scaled_dot_product_attention(
                q, keys, keys, attn_mask=mask.expand(sources, HEADS, queries, KEYS), scale=1.0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="to try the script on a CPU")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    table = Table(arguments.device)
    check = positive(2, 24, arguments.device)
    diagonal, off = tridiagonal(check)
    whole = torch.diag_embed(diagonal) + torch.diag_embed(off, 1) + torch.diag_embed(off, -1)
    torch.testing.assert_close(torch.linalg.eigvalsh(whole), torch.linalg.eigvalsh(check))
    decompositions(table, 48 if arguments.small else SIDE, 4 if arguments.small else 72)
    copies_and_kernels(table)
    attention_steps(table, 4 if arguments.small else 256)


if __name__ == "__main__":
    main()
