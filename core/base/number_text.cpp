// SPDX-License-Identifier: Apache-2.0
#include "core/base/number_text.h"

namespace rankscope {

std::string groupedNumber(std::int64_t number) {
    std::string text = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, 1, ',');
    return text;
}

}  // namespace rankscope
