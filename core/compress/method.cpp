// SPDX-License-Identifier: Apache-2.0
#include "core/compress/method.h"

#include <fmt/format.h>

#include <array>

#include "core/base/error.h"

namespace rankscope::compress {

std::span<const Method> methods() {
    static constexpr std::array<Method, 1> table{{
        {"svd", "truncated singular value decomposition", &truncatedSvd},
    }};
    return table;
}

const Method& methodNamed(std::string_view name) {
    std::string known;
    for (const Method& method : methods()) {
        if (method.name == name) return method;
        known += fmt::format("{}{}", known.empty() ? "" : ", ", method.name);
    }
    throw usageError(
        fmt::format("There is no method \"{}\"; choose one of: {}.", printable(name), known));
}

}  // namespace rankscope::compress
