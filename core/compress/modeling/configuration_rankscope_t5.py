# SPDX-License-Identifier: Apache-2.0
"""Configuration of a T5 whose weight matrices are partly stored in low rank (made by Rankscope)."""

from transformers import T5Config


class RankscopeT5Config(T5Config):
    """T5Config with one more key, `rankscope`:

    {"tied_head": bool, "modules": {"<module>": {"storage": "factored" | "pivoted", "rank": int}}}
    """

    model_type = "rankscope_t5"
