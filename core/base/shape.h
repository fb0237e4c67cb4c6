// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope {

/// Sizes of a tensor's dimensions, outermost first (row-major). A linear weight is [out, in].
using Shape = std::vector<std::int64_t>;

/// Product of the sizes (1 for rank 0); nothing if it does not fit into 63 bits or a size is
/// negative.
std::optional<std::int64_t> elementCount(std::span<const std::int64_t> shape);

/// "[768, 384]"
std::string toString(std::span<const std::int64_t> shape);

/// Throws Error naming `what` unless `shape` equals `expected`.
void expectShape(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected,
                 std::string_view what);

}  // namespace rankscope
