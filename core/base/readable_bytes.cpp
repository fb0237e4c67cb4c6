// SPDX-License-Identifier: Apache-2.0
#include "core/base/readable_bytes.h"

#include <fmt/format.h>

#include <iterator>

namespace rankscope {

std::string readableBytes(std::uint64_t bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < std::size(units)) {
        value /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace rankscope
