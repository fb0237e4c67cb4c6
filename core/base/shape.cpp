// SPDX-License-Identifier: Apache-2.0
#include "core/base/shape.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"

namespace rankscope {

std::optional<std::int64_t> elementCount(std::span<const std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape)
        if (size < 0 || __builtin_mul_overflow(count, size, &count)) return std::nullopt;
    return count;
}

std::string toString(std::span<const std::int64_t> shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

void expectShape(std::span<const std::int64_t> shape, std::span<const std::int64_t> expected,
                 std::string_view what) {
    if (!std::ranges::equal(shape, expected))
        throw Error(
            fmt::format("{} has shape {}, expected {}.", what, toString(shape), toString(expected)),
            std::string(what));
}

}  // namespace rankscope
