// SPDX-License-Identifier: Apache-2.0
#include "core/model/batches.h"

#include <algorithm>
#include <numeric>

namespace rankscope::model {

std::vector<std::vector<std::size_t>> batchesByLength(std::span<const std::int64_t> lengths,
                                                      std::int64_t tokenBudget,
                                                      std::int64_t atLeast) {
    std::vector<std::size_t> order(lengths.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return lengths[a] > lengths[b]; });
    std::vector<std::vector<std::size_t>> batches;
    std::size_t room = 0;
    for (const std::size_t position : order) {
        if (room == 0) {
            batches.emplace_back();
            const std::int64_t width = std::max({lengths[position], atLeast, std::int64_t{1}});
            room = static_cast<std::size_t>(std::max<std::int64_t>(tokenBudget / width, 1));
        }
        batches.back().push_back(position);
        --room;
    }
    return batches;
}

}  // namespace rankscope::model
