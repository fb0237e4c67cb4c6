# SPDX-License-Identifier: Apache-2.0
"""Makes weightwatcher_goldens.json: two weight matrices and WeightWatcher's results for them.

Entries are multiples of 1/64, stored as whole numbers, so that float32 holds them exactly.
WeightWatcher tries every tail of 2 eigenvalues or more; in the second matrix it keeps one of fewer
than 10, which Rankscope leaves out unless told otherwise.

Run: python3 make_weightwatcher_goldens.py   (numpy, torch, weightwatcher; the file is written beside
this script)
"""

import json
import pathlib

import numpy
import torch
import weightwatcher


def analysed(name, random, rows, columns, freedom):
    entries = numpy.round(64 * random.standard_t(freedom, (rows, columns))).astype(int)
    layer = torch.nn.Linear(columns, rows, bias=False)
    layer.weight.data = torch.from_numpy((entries / 64).astype(numpy.float32))
    watcher = weightwatcher.WeightWatcher(model=torch.nn.Sequential(layer))
    found = watcher.analyze(min_evals=1, plot=False).iloc[0]
    return {
        "name": name,
        "rows": rows,
        "columns": columns,
        "entries": entries.flatten().tolist(),
        "alpha": float(found["alpha"]),
        "sigma": float(found["sigma"]),
        "xmin": float(found["xmin"]),
        "D": float(found["D"]),
        "num_pl_spikes": int(found["num_pl_spikes"]),
    }


def main():
    cases = [
        analysed("a tail of 10 or more", numpy.random.default_rng(1), 60, 40, 2.5),
        analysed("a shorter tail", numpy.random.default_rng(3), 60, 40, 2.5),
    ]
    assert cases[0]["num_pl_spikes"] >= 10 > cases[1]["num_pl_spikes"]
    path = pathlib.Path(__file__).with_name("weightwatcher_goldens.json")
    document = {"weightwatcher": weightwatcher.__version__, "torch": torch.__version__, "cases": cases}
    path.write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
