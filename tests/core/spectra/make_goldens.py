# SPDX-License-Identifier: Apache-2.0
"""Makes spectra_goldens.json: seeded matrices and their singular values by numpy in float64.

Run: python3 make_goldens.py   (numpy; the file is written beside this script)
"""

import json
import pathlib

import numpy


def singular_values(matrix):
    return numpy.linalg.svd(matrix, compute_uv=False).tolist()


def entry(name, matrix, direct):
    return {
        "name": name,
        "rows": matrix.shape[0],
        "columns": matrix.shape[1],
        "values": matrix.ravel().tolist(),
        "singular_values": singular_values(matrix),
        "direct": direct,
    }


def main():
    random = numpy.random.default_rng(20240607)
    cases = []
    for rows, columns in [(1, 1), (1, 7), (7, 1), (5, 5), (12, 20), (20, 12), (3, 40), (40, 3)]:
        cases.append(entry(f"normal {rows}x{columns}", random.standard_normal((rows, columns)), False))
    # Known decay 1, 1/2, 1/4, … between random orthonormal bases.
    left, _ = numpy.linalg.qr(random.standard_normal((16, 10)))
    right, _ = numpy.linalg.qr(random.standard_normal((24, 10)))
    cases.append(entry("rank 10 of 16", left @ numpy.diag(0.5 ** numpy.arange(10)) @ right.T, True))
    hilbert = 1.0 / (numpy.arange(12)[:, None] + numpy.arange(12)[None, :] + 1.0)
    cases.append(entry("Hilbert 12", hilbert, True))
    path = pathlib.Path(__file__).with_name("spectra_goldens.json")
    path.write_text(json.dumps({"numpy": numpy.__version__, "cases": cases}, indent=None) + "\n")


if __name__ == "__main__":
    main()
