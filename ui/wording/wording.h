// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/evaluate/evaluation.h"

namespace rankscope::ui {

/// UTF-8 of the core as Qt has it.
QString toQString(std::string_view text);

/// A number with so many decimals, the same in every language.
QString fixed(double value, int decimals);

/// "247,577,856", whatever the locale.
QString grouped(std::int64_t number);

/// "SelfAttention.q" of "encoder.block.0.layer.0.SelfAttention.q.weight".
QString moduleName(const std::string& tensorName);
/// "encoder 0 SelfAttention.q"; the tensor name itself if it is no matrix of a T5.
QString shortName(const std::string& tensorName);

/// A checkpoint's name short enough for a table: the last part of a path.
QString runName(const std::string& checkpoint);
/// The names of all runs, told apart by a number if two would be the same.
std::vector<QString> runNames(const evaluate::Evaluation& evaluation);

}  // namespace rankscope::ui
