// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace rankscope {

/// "1.5 GB" (powers of 1000)
std::string readableBytes(std::uint64_t bytes);

}  // namespace rankscope
