// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rankscope::t5 {

/// The inner sizes of one sublayer. T5 takes heads of any width: its scores q kᵀ are not divided by
/// a root, and positions come from a table. So q and k may have other widths than v and o, head by
/// head.
struct SublayerSizes {
    std::vector<std::int64_t> scores;  ///< [heads]: rows of q, and of k, that make a head's scores
    std::vector<std::int64_t> values;  ///< [heads]: rows of v, and columns of o, of a head
    std::int64_t units = 0;            ///< of a feed-forward: rows of wi, columns of wo

    bool operator==(const SublayerSizes&) const = default;
};

/// By the sublayer's module, e.g. "encoder.block.0.layer.0.SelfAttention" (sublayerName()).
using LayerSizes = std::map<std::string, SublayerSizes>;

}  // namespace rankscope::t5
