// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <string_view>

namespace rankscope::ui {

/// UTF-8 of the core as Qt has it.
QString toQString(std::string_view text);

/// A number with so many decimals, the same in every language.
QString fixed(double value, int decimals);

}  // namespace rankscope::ui
