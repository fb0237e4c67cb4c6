// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <string_view>

namespace rankscope::ui {

/// UTF-8 of the core as Qt has it.
QString toQString(std::string_view text);

}  // namespace rankscope::ui
