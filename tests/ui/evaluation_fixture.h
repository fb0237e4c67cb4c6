// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/evaluate/evaluation.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::uitest {

/// Three runs on four dialogues, every number known by hand. The baseline "demo" has ROUGE-1 50 and
/// loss 2.0 on each dialogue; "/models/half" is 10 above and 10 below it in turn (so chance) and
/// 0.1 worse in loss each time (so beyond chance); "/models/quarter" is 20 below it each time, with
/// the same loss.
evaluate::Evaluation threeRuns();

/// The body of a fake program that answers any call with this evaluation.
std::string answering(const fixtures::TempFolder& folder, const evaluate::Evaluation& evaluation);

}  // namespace rankscope::uitest
