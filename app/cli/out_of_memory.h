// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/cli/output.h"

namespace rankscope::cli {

/// The message after an allocation failed: the limit if there is one, and what helps.
std::string outOfMemorySentence();

/// From now on an exception that nothing catches (an allocation that fails in a library's thread)
/// ends the program with one sentence in `output` and exit code 1, and what was not finished is
/// removed. `output` must live until the program ends.
void installLastWords(Output& output);

}  // namespace rankscope::cli
