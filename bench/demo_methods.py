# SPDX-License-Identifier: Apache-2.0
"""./dev bench demo_methods: loss and ROUGE of the demo model against stored parameters, for every method and
allocation. Prints the Markdown tables of docs/results.md.

Moments are of 100 of the demo's calibration dialogues; loss (mean over tokens) and ROUGE-1 are of
its test dialogues, which no method sees.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

METHODS = ["svd", "diagonal", "whitened", "fisher", "fisher2", "anchored", "compensated", "slim"]
ALLOCATIONS = ["uniform", "energy", "effective-rank", "water-filling", "gradient", "sensitivity",
               "auto"]
# Of slim: the storage and the allocations that it has.
SLIM = {"plain": ["uniform", "auto"], "sizes": ["water-filling", "gradient", "auto"]}


def run(cli, *words):
    done = subprocess.run([cli, *map(str, words), "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout)


def settings(arguments):
    """(name, method, storage, allocation) of every row."""
    allocations = arguments.allocations.split(",")
    for method in arguments.methods.split(","):
        if method == "slim":
            for storage, own in SLIM.items():
                for allocation in own:
                    if allocation in allocations:
                        yield f"slim, {storage}", method, storage, allocation
        else:
            for allocation in allocations:
                yield method, method, arguments.storage, allocation


def measure(arguments, folder, calibration, method, storage, allocation, budget):
    plan = folder / "plan.json"
    run(arguments.cli, "plan", "demo", "--targets", "attention,ffn", "--budget", budget, "--method",
        method, "--allocation", allocation, "--storage", storage, "--calibration",
        calibration, "--out", plan,
        *(["--refit"] if arguments.refit and method != "slim" else []),
        *(["--refine"] if arguments.refine else []),
        *(["--ridge", arguments.ridge] if arguments.ridge else []))
    result = run(arguments.cli, "evaluate", "demo", "--plan", plan, "--limit", arguments.limit)
    return result["runs"]


def write(path, dense, budgets, rows):
    """The values as a CSV table."""
    with path.open("w") as file:
        file.write("method,allocation,budget,loss,rouge1\n")
        file.write(f"dense,,1,{dense['loss']['token_mean']},{dense['rouge']['rouge1']}\n")
        for (method, allocation), values in rows.items():
            for budget, (loss, rouge) in zip(budgets, values):
                file.write(f"{method},{allocation},{budget},{loss},{rouge}\n")


def draw(path, dense, budgets, rows):
    """ROUGE-1 above the loss, a column per allocation, a line per method."""
    from matplotlib import pyplot, ticker
    allocations = list(dict.fromkeys(allocation for _, allocation in rows))
    methods = list(dict.fromkeys(method for method, _ in rows))
    shares = [100, *(100 * float(budget) for budget in budgets)]
    figure, axes = pyplot.subplots(2, len(allocations), sharex=True, sharey="row", squeeze=False,
                                   figsize=(2.6 * len(allocations), 6), layout="constrained")
    whole = (dense["loss"]["token_mean"], dense["rouge"]["rouge1"])
    colours = dict(zip(methods, pyplot.get_cmap("tab10").colors))
    for column, allocation in enumerate(allocations):
        for row, part in enumerate((1, 0)):
            axis = axes[row][column]
            axis.axhline(whole[part], color="0.6", linewidth=0.8, linestyle=":")
            for method in methods:
                if (method, allocation) not in rows:
                    continue
                values = [whole[part], *(value[part] for value in rows[method, allocation])]
                ours = method.startswith(("compensated", "slim"))
                axis.plot(shares, values, marker="o", markersize=3, color=colours[method],
                          linewidth=2 if ours else 1, zorder=3 if ours else 2, label=method)
            axis.grid(alpha=0.3)
        axes[0][column].set_title(allocation)
        axes[1][column].set_xlabel("parameters stored, %")
    axes[0][0].set_ylabel("ROUGE-1 (F × 100)")
    axes[1][0].set_ylabel("loss, nats per token")
    axes[1][0].set_yscale("log")
    axes[1][0].set_yticks([0.4, 0.6, 1, 2, 4])
    axes[1][0].yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axes[1][0].yaxis.set_minor_formatter(ticker.NullFormatter())
    axes[1][0].invert_xaxis()
    axes[1][0].set_xticks(range(100, 49, -10))
    lines = {}
    for axis in axes[0]:
        lines.update(zip(*reversed(axis.get_legend_handles_labels())))
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=len(methods),
                  frameon=False)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cli", default="build/release/bin/rankscope-cli")
    parser.add_argument("--limit", type=int, default=100, help="test dialogues")
    parser.add_argument("--storage", default="auto")
    parser.add_argument("--budgets", default="0.9,0.8,0.7,0.6,0.5")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--allocations", default=",".join(ALLOCATIONS))
    parser.add_argument("--ridge", help="for all; by default each plan chooses its own")
    parser.add_argument("--refit", action="store_true", help="with the last pass of --refit")
    parser.add_argument("--refine", action="store_true", help="with the training of --refine")
    parser.add_argument("--decimals", type=int, default=2, help="of losses")
    parser.add_argument("--out", type=pathlib.Path, help="also write the values (.csv)")
    parser.add_argument("--plot", type=pathlib.Path, help="also draw them (.png, .svg, .pdf)")
    arguments = parser.parse_args()
    budgets = arguments.budgets.split(",")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        calibration = folder / "calibration.h5"
        shares = " / ".join(f"{float(budget):.0%}" for budget in budgets)
        print(f"| method, allocation | loss at {shares} | ROUGE-1 at {shares} |\n|---|---|---|")
        run(arguments.cli, "calibrate", "demo", "--samples", 100, "--fisher", "--out", calibration)
        rows = {}
        dense = None
        for name, method, storage, allocation in settings(arguments):
            values = []
            for budget in budgets:
                dense, compressed = measure(arguments, folder, calibration, method, storage,
                                            allocation, budget)
                values.append((compressed["loss"]["token_mean"], compressed["rouge"]["rouge1"]))
            rows[name, allocation] = values
            losses = " / ".join(f"{loss:.{arguments.decimals}f}" for loss, _ in values)
            print(f"| {name}, {allocation} | {losses} | "
                  f"{' / '.join(f'{rouge:.1f}' for _, rouge in values)} |", flush=True)
        print(f"\ndense: loss {dense['loss']['token_mean']:.3f}, ROUGE-1 {dense['rouge']['rouge1']:.1f}")
        if arguments.out:
            write(arguments.out, dense, budgets, rows)
        if arguments.plot:
            draw(arguments.plot, dense, budgets, rows)


if __name__ == "__main__":
    main()
