// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/compress/plan.h"

namespace rankscope::compress {

/// One entry with storage resolved and parameters counted; `spectrum` may be null.
/// Throws Error of kind Usage where this matrix cannot be kept in the storage asked for.
PlanEntry makeEntry(const checkpoint::WeightMatrix& matrix, std::int64_t rank, StorageChoice choice,
                    const std::string& method, const spectra::Spectrum* spectrum);

/// Counts the whole model's parameters and writes the warnings anew.
void finishPlan(const checkpoint::Checkpoint& checkpoint, CompressionPlan& plan);

}  // namespace rankscope::compress
