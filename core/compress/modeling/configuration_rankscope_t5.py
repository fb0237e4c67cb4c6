# SPDX-License-Identifier: Apache-2.0
"""Configuration of a T5 whose weight matrices are of low rank or of their own sizes (Rankscope)."""

from transformers import T5Config


class RankscopeT5Config(T5Config):
    """T5Config with one more key, `rankscope`:

    {"tied_head": bool, "modules": {"<module>": {"storage": "factored" | "pivoted", "rank": int}},
     "sizes": {"<attention>": {"scores": [int per head], "values": [int per head]},
               "<feed-forward>": {"units": int}}}

    A layer that "sizes" does not name has d_kv dimensions per head, or d_ff units.
    """

    model_type = "rankscope_t5"
