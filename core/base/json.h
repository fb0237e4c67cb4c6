// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace rankscope {

/// Order of keys is kept, so our files read as we wrote them.
using Json = nlohmann::ordered_json;

/// Limits for JSON from a stranger's file.
struct JsonLimits {
    int depth = 64;
    std::size_t stringBytes = std::size_t{16} << 20U;
};

/// Parses JSON (RFC 8259). `what` names the source in messages ("config.json").
/// Throws Error with line and column for: invalid JSON or UTF-8, a duplicate key, nesting deeper
/// than the limit, a string over the limit, a number that overflows, trailing text.
Json parseJson(std::string_view text, std::string_view what, const JsonLimits& limits = {});

/// Reads a whole regular file; throws Error if it is missing, not a regular file (FIFO, device),
/// unreadable, or larger than `limitBytes`.
std::string readTextFile(const std::filesystem::path& path, std::size_t limitBytes);

}  // namespace rankscope
