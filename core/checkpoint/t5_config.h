// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/t5/t5_config.h"

namespace rankscope::checkpoint {

using t5::T5Config;

/// Parses config.json's text. `what` names the file in messages; notes for the user (explicit
/// activation keys, auto_map present, unknown sizes) are appended to `warnings`.
/// Throws Error: not JSON, HTML or a Git-LFS pointer (says which), model_type not a T5,
/// a size that is not a positive whole number of sane range, a start token that is not an id.
T5Config parseT5Config(std::string_view text, std::string_view what,
                       std::vector<std::string>& warnings);

}  // namespace rankscope::checkpoint
