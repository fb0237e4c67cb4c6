// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rankscope::text {

/// The bytes of base64 text (RFC 4648 section 4, with padding); nothing if it is not base64.
std::optional<std::string> decodeBase64(std::string_view text);

}  // namespace rankscope::text
