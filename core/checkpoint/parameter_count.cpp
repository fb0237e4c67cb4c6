// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/parameter_count.h"

namespace rankscope::checkpoint {

std::int64_t storedParameters(std::int64_t rows, std::int64_t columns, std::int64_t rank,
                              Storage storage) {
    switch (storage) {
        case Storage::Factored:
            return rank * (rows + columns);
        case Storage::Pivoted:
            return rank * (rows + columns - rank);
        case Storage::Dense:
            break;
    }
    return rows * columns;
}

std::int64_t breakEvenRank(std::int64_t rows, std::int64_t columns) {
    return rows + columns == 0 ? 0 : rows * columns / (rows + columns);
}

}  // namespace rankscope::checkpoint
