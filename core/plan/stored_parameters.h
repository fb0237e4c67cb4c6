// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/checkpoint/weight_matrix.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// The form in which one matrix is written at a rank once `auto` is resolved.
struct ResolvedStorage {
    checkpoint::Storage storage = checkpoint::Storage::Dense;
    bool kept = false;
    std::int64_t parameters = 0;  ///< really stored
};

/// Auto takes the pivoted form (r(m + n) - r², below m·n for every rank below full) unless it saves
/// nothing against the source's form; then the matrix stays unchanged.
ResolvedStorage resolveStorage(const checkpoint::WeightMatrix& matrix, std::int64_t rank,
                               StorageChoice choice);

/// Numbers that the source stores for this matrix.
std::int64_t parametersInSource(const checkpoint::WeightMatrix& matrix);

/// Largest rank worth asking for: of the stored factors, or full.
inline std::int64_t rankLimit(const checkpoint::WeightMatrix& matrix) { return matrix.rank; }

/// Smallest rank for this matrix that is at least `least` and a multiple, or full.
std::int64_t lowestRank(const checkpoint::WeightMatrix& matrix, std::int64_t least,
                        std::int64_t multipleOf);

/// Largest rank for this matrix that is at most `most` and a multiple, or full if `most` permits.
std::int64_t highestRank(const checkpoint::WeightMatrix& matrix, std::int64_t most,
                         std::int64_t multipleOf);

/// floor(share · total); 0.29 · 100 gives 29 although the product is a hair below it.
std::int64_t shareOf(double share, std::int64_t total);

}  // namespace rankscope::plan
