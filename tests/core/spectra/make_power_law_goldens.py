# SPDX-License-Identifier: Apache-2.0
"""Makes power_law_goldens.json: values and their power-law fits.

The scan is written out in plain numpy after Clauset, Shalizi and Newman (arXiv:0706.1062): every
distinct value that leaves at least 10 as x_min, alpha by maximum likelihood, the least distance wins.
The package powerlaw must find the same; that is asserted here.

Run: python3 make_power_law_goldens.py   (numpy, powerlaw; the file is written beside this script)
"""

import importlib.metadata
import json
import pathlib

import numpy
import powerlaw

SMALLEST_TAIL = 10


def scan(values):
    values = numpy.sort(values)
    found = []
    for x_min in numpy.unique(values):
        tail = values[values >= x_min]
        if len(tail) < SMALLEST_TAIL or tail[-1] == x_min:
            continue
        alpha = 1 + len(tail) / numpy.sum(numpy.log(tail / x_min))
        below = numpy.searchsorted(tail, tail, side="left") / len(tail)
        model = 1 - (tail / x_min) ** (1 - alpha)
        found.append((float(numpy.max(numpy.abs(model - below))), float(x_min), float(alpha), len(tail)))
    return found


def entry(name, values):
    found = scan(values)
    distance, x_min, alpha, tail = min(found, key=lambda row: row[0])
    # The package looks for alpha up to 3 unless told otherwise.
    reference = powerlaw.Fit(values, verbose=False, parameter_ranges={"alpha": [1, 100]})
    assert numpy.isclose(reference.alpha, alpha, rtol=1e-9), name
    assert numpy.isclose(reference.xmin, x_min) and numpy.isclose(reference.D, distance), name
    return {
        "name": name,
        "values": values.tolist(),
        "alpha": alpha,
        "standard_error": (alpha - 1) / tail**0.5,
        "x_min": x_min,
        "ks_distance": distance,
        "tail": tail,
        "candidates": len(found),
    }


def bootstrap(name, values, resamples, random):
    """Standard deviation and quantiles of alpha over resamples, x_min searched again in each."""
    alphas = []
    for _ in range(resamples):
        found = scan(random.choice(values, len(values)))
        alphas.append(min(found, key=lambda row: row[0])[2])
    low, high = numpy.quantile(alphas, [0.025, 0.975])
    return {
        "name": name,
        "values": values.tolist(),
        "resamples": resamples,
        "deviation": float(numpy.std(alphas, ddof=1)),
        "low": float(low),
        "high": float(high),
    }


def eigenvalues(matrix):
    return numpy.linalg.svd(matrix, compute_uv=False) ** 2


def main():
    random = numpy.random.default_rng(20260101)
    cases = [
        entry("Student t(3) matrix 120 x 80", eigenvalues(random.standard_t(3, (120, 80)))),
        entry("Gaussian matrix 60 x 40", eigenvalues(random.standard_normal((60, 40)))),
        entry("Pareto alpha 2.5, x_min 3", 3 * (1 - random.random(200)) ** (-1 / 1.5)),
        # A body that is not a power law below 5, and many equal values.
        entry(
            "rounded tail over a flat body",
            numpy.round(numpy.concatenate([random.uniform(1, 5, 100), 5 * (1 - random.random(100)) ** (-1 / 2)]), 1),
        ),
    ]
    bootstraps = [
        bootstrap("Student t(3) matrix 80 x 60", eigenvalues(random.standard_t(3, (80, 60))), 3000, random),
        bootstrap("Pareto alpha 2.5", (1 - random.random(150)) ** (-1 / 1.5), 3000, random),
    ]
    path = pathlib.Path(__file__).with_name("power_law_goldens.json")
    document = {"numpy": numpy.__version__, "powerlaw": importlib.metadata.version("powerlaw"), "cases": cases,
                "bootstraps": bootstraps}
    path.write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
