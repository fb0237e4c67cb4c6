// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace rankscope {

/// "247,577,856"
std::string groupedNumber(std::int64_t number);

}  // namespace rankscope
