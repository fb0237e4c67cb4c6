// SPDX-License-Identifier: Apache-2.0
#include "core/plan/stored_parameters.h"

#include <algorithm>
#include <cmath>

#include "core/checkpoint/parameter_count.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

using checkpoint::Storage;
using checkpoint::storedParameters;
using checkpoint::WeightMatrix;

std::int64_t shareOf(double share, std::int64_t total) {
    constexpr double slack = 1 + 1e-12;
    return static_cast<std::int64_t>(std::floor(share * static_cast<double>(total) * slack));
}

std::int64_t lowestRank(const WeightMatrix& matrix, std::int64_t least, std::int64_t multipleOf) {
    return std::min(rankLimit(matrix), (least + multipleOf - 1) / multipleOf * multipleOf);
}

std::int64_t highestRank(const WeightMatrix& matrix, std::int64_t most, std::int64_t multipleOf) {
    return most >= rankLimit(matrix) ? rankLimit(matrix) : most / multipleOf * multipleOf;
}

std::int64_t parametersInSource(const WeightMatrix& matrix) {
    return storedParameters(matrix.rows, matrix.columns, matrix.rank, matrix.storage);
}

ResolvedStorage resolveStorage(const WeightMatrix& matrix, std::int64_t rank,
                               StorageChoice choice) {
    const auto in = [&](Storage storage) {
        return ResolvedStorage{storage, false,
                               storedParameters(matrix.rows, matrix.columns, rank, storage)};
    };
    switch (choice) {
        case StorageChoice::Factored:
            return in(Storage::Factored);
        case StorageChoice::Pivoted:
            return in(Storage::Pivoted);
        case StorageChoice::Dense:
            return in(Storage::Dense);
        case StorageChoice::Auto:
        case StorageChoice::Plain:  // of slim, which has no ranks
        case StorageChoice::Sizes:
            break;
    }
    const std::int64_t before = parametersInSource(matrix);
    const ResolvedStorage pivoted = in(Storage::Pivoted);
    if (pivoted.parameters >= before) return {matrix.storage, true, before};
    return pivoted;
}

}  // namespace rankscope::plan
