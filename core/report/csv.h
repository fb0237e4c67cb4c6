// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rankscope::report {

/// One cell of an RFC 4180 table: quoted where it holds a comma, a quote or a line break. A cell
/// that a spreadsheet would take for a formula (= + - @ in front) gets an apostrophe, the sign for
/// "this is text".
std::string csvCell(std::string_view text);

}  // namespace rankscope::report
