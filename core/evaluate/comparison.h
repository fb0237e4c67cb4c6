// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/evaluate/bootstrap.h"
#include "core/evaluate/evaluation.h"

namespace rankscope::evaluate {

/// Differences of every later run to the first, run by run, for "loss" (the token mean), the ROUGE
/// types and "generated_length", as far as measured. Paired: a resample draws examples, and both
/// runs' numbers of an example go together. The loss is Σ (s'_i - s_i) / Σ t_i over the examples
/// that are finite in both runs, a ratio of sums resampled as such; if the two tokenizers split
/// a reference into different numbers of tokens, losses per token are not comparable, and
/// difference and interval are NaN.
std::vector<Comparison> compareRuns(const Evaluation& evaluation, const BootstrapOptions& options);

}  // namespace rankscope::evaluate
