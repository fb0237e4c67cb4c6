// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/evaluate/evaluation.h"

namespace rankscope::cli {

/// The side-by-side table within 100 columns, and below it what a reader must know to compare the
/// figures with others. With `perSample` every dialogue's reference and summaries follow.
std::string evaluationText(const evaluate::Evaluation& evaluation, bool perSample);

}  // namespace rankscope::cli
