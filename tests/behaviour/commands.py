# SPDX-License-Identifier: Apache-2.0
"""The runs of rankscope-cli that `behaviour.py record` keeps: name, words, exit status."""

RANKS = {"rank": ["--rank", "12"], "ratio": ["--ratio", "0.6"], "energy": ["--energy", "0.9"],
         "error": ["--error", "0.3"], "budget": ["--budget", "0.8"]}
PLAIN_METHODS = ["svd", "randomized"]
DATA_METHODS = ["whitened", "diagonal", "fisher", "fisher2", "anchored", "compensated"]
ALLOCATIONS = ["uniform", "energy", "effective-rank", "water-filling", "auto"]
MODELS = {"demo": "demo", "v11": "{v11}", "v10": "{v10}"}
COMMANDS = ["inspect", "spectrum", "curve", "compare", "plan", "calibrate", "compress", "pareto",
            "random-vectors", "generate", "evaluate", "tokenize", "rouge", "report", "doctor"]
SMALL = ["--data", "{demo}/test.json", "--limit", "12"]


def table():
    return [*spectra(), *calibrations(), *plans(), *compressions(), *evaluations(), *searches(),
            *texts(), *wrong_use()]


def spectra():
    for name, model in MODELS.items():
        yield f"inspect-{name}", ["inspect", model, "--json"], 0
        yield f"inspect-text-{name}", ["inspect", model], 0
        yield (f"spectrum-{name}", ["spectrum", model, "--json", "--power-law", "--alpha-bootstrap",
                                    "20", "--null", "5", "--out", f"{{out}}/spectrum-{name}.svg"], 0)
        yield (f"spectrum-text-{name}", ["spectrum", model, "--targets", "q,wo", "--out",
                                         f"{{out}}/spectrum-{name}.csv"], 0)
        yield (f"heat-map-{name}", ["spectrum", model, "--json", "--heat-map", "effective-rank",
                                    "--out", f"{{out}}/heat-map-{name}.svg"], 0)
        yield (f"curve-{name}", ["curve", model, "--json", "--out", f"{{out}}/curve-{name}.svg"], 0)
        yield (f"curve-csv-{name}", ["curve", model, "--targets", "q", "--ranks", "1:20:3", "--out",
                                     f"{{out}}/curve-{name}.csv"], 0)
    yield ("compare", ["compare", "demo", "demo", "--json", "--out", "{out}/compare.csv"], 0)


def calibrations():
    for name, model in MODELS.items():
        yield (f"calibrate-{name}", ["calibrate", model, "--data", "{demo}/calibration.json",
                                     "--samples", "12", "--held-out", "6", "--fisher", "--json",
                                     "--out", f"{{out}}/{name}.h5"], 0)
        yield (f"methods-{name}", ["curve", model, "--targets",
                                   "encoder.block.0.layer.0.SelfAttention.q.weight",
                                   "--calibration", f"{{out}}/{name}.h5", "--json", "--out",
                                   f"{{out}}/methods-{name}.svg"], 0)


def plans():
    for name, model in MODELS.items():
        for kind, words in RANKS.items():
            yield (f"plan-by-{kind}-{name}", ["plan", model, "--targets", "attention,ffn", *words,
                                           "--json"], 0)
        for allocation in ALLOCATIONS:
            yield (f"plan-with-{allocation}-{name}",
                   ["plan", model, "--targets", "attention,ffn", "--budget", "0.75", "--allocation",
                    allocation, "--json"], 0)
        for storage in ("factored", "pivoted", "dense", "auto"):
            yield (f"plan-as-{storage}-{name}",
                   ["plan", model, "--targets", "q,k,v,o", "--rank", "14", "--storage", storage,
                    "--json"], 0)
        yield (f"plan-groups-{name}", ["plan", model, "--budget", "0.8", "--groups", "type",
                                       "--multiple-of", "4", "--json", "--out",
                                       f"{{out}}/plan-{name}.json"], 0)
        for allocation in ("auto", "water-filling"):
            for error in ("relative", "raw", "loss"):
                if error == "loss" or allocation == "water-filling":
                    yield (f"plan-{allocation}-{error}-{name}",
                           ["plan", model, "--budget", "0.8", "--allocation", allocation,
                            "--allocation-error", error, "--method", "whitened", "--calibration",
                            f"{{out}}/{name}.h5", "--json"], 0)
        yield (f"plan-text-{name}", ["plan", model, "--rank", "10"], 0)


def compressions():
    for name, model in MODELS.items():
        for method in PLAIN_METHODS + DATA_METHODS:
            words = ["--method", method]
            if method in DATA_METHODS:
                words += ["--calibration", f"{{out}}/{name}.h5"]
            yield (f"compress-{method}-{name}",
                   ["compress", model, "--targets", "attention,ffn", "--budget", "0.8", *words,
                    "--json", "--out", f"{{out}}/{name}-{method}"], 0)
        for storage in ("factored", "pivoted", "dense", "auto"):
            yield (f"compress-as-{storage}-{name}",
                   ["compress", model, "--targets", "q,k,v,o", "--rank", "14", "--storage",
                    storage, "--json", "--out", f"{{out}}/{name}-{storage}"], 0)
        yield (f"compress-refit-{name}",
               ["compress", model, "--budget", "0.8", "--refit", "--calibration",
                f"{{out}}/{name}.h5", "--dtype", "BF16", "--json", "--out", f"{{out}}/{name}-refit"], 0)
        yield (f"compress-plan-{name}", ["compress", model, "--plan", f"{{out}}/plan-{name}.json",
                                         "--dtype", "F16", "--json", "--out", f"{{out}}/{name}-plan"], 0)
        yield (f"compress-text-{name}", ["compress", model, "--rank", "8", "--out",
                                         f"{{out}}/{name}-text"], 0)
        yield f"inspect-again-{name}", ["inspect", f"{{out}}/{name}-pivoted", "--json"], 0
        yield (f"compare-again-{name}", ["compare", model, f"{{out}}/{name}-factored", "--json",
                                         "--out", f"{{out}}/compare-{name}.svg", "--targets", "q"], 0)
        for distribution in ("uniform", "normal"):
            yield (f"random-vectors-{distribution}-{name}",
                   ["random-vectors", model, "--targets", "q,wo", "--rank", "12", "--vectors", "200",
                    "--distribution", distribution, "--json"], 0)
        yield (f"random-vectors-whitened-{name}",
               ["random-vectors", model, "--targets", "q,wo", "--rank", "12", "--vectors", "200",
                "--method", "whitened", "--calibration", f"{{out}}/{name}.h5", "--json"], 0)


def evaluations():
    for name, model in MODELS.items():
        yield (f"evaluate-{name}",
               ["evaluate", model, f"{{out}}/{name}-factored", f"{{out}}/{name}-pivoted", "--plan",
                f"{{out}}/plan-{name}.json", *SMALL, "--json", "--per-sample"], 0)
        for ending in ("csv", "tsv", "md", "tex"):
            yield (f"evaluate-{ending}-{name}",
                   ["evaluate", model, f"{{out}}/{name}-svd", *SMALL, "--out",
                    f"{{out}}/evaluation-{name}.{ending}"], 0)
        yield (f"generate-{name}", ["generate", model, *SMALL, "--beams", "4",
                                    "--no-repeat-ngram", "3", "--length-penalty", "0.8", "--json"], 0)
        yield (f"generate-greedy-{name}", ["generate", model, *SMALL, "--json"], 0)
        yield (f"generate-bfloat16-{name}", ["generate", model, *SMALL, "--compute", "bfloat16",
                                             "--json"], 0)


def searches():
    for name, model in MODELS.items():
        words = ["pareto", model, "--targets", "attention,ffn", "--budgets", "0.7,0.85",
                 "--calibration", f"{{out}}/{name}.h5"]
        yield f"pareto-{name}", [*words, "--plans", "--json", "--out", f"{{out}}/pareto-{name}.svg"], 0
        yield (f"pareto-rouge-{name}", [*words, "--methods", "svd,compensated", *SMALL, "--json",
                                        "--out", f"{{out}}/pareto-{name}.csv"], 0)
        yield f"report-{name}", ["report", model, *SMALL, "--json", "--out", f"{{out}}/report-{name}"], 0


def texts():
    yield "tokenize", ["tokenize", "demo", "--text", "Hannah: Hey, do you have Betty's number?",
                       "--json"], 0
    yield "doctor", ["doctor", "--json"], 0
    for command in COMMANDS:
        yield f"help-{command}", [command, "--help"], 0


def wrong_use():
    yield "wrong-rank", ["plan", "demo", "--rank", "0"], 2
    yield "wrong-energy", ["plan", "demo", "--energy", "1.5"], 2
    yield "wrong-budget", ["plan", "demo", "--budget", "0.01"], 2
    yield "wrong-targets", ["plan", "demo", "--targets", "nothing", "--rank", "4"], 2
    yield "wrong-method", ["compress", "demo", "--method", "whitened", "--rank", "4", "--out",
                           "{out}/x"], 2
    yield "wrong-folder", ["inspect", "{out}/absent"], 1
    yield "wrong-plan", ["compress", "{v11}", "--plan", "{out}/plan-demo.json", "--out", "{out}/x"], 1
