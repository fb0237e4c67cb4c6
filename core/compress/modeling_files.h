// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace rankscope::compress {

constexpr std::string_view configurationFileName = "configuration_rankscope_t5.py";
constexpr std::string_view modelingFileName = "modeling_rankscope_t5.py";

/// The Python that a factored or pivoted save carries (core/compress/modeling).
std::string_view configurationFile();
std::string_view modelingFile();

}  // namespace rankscope::compress
