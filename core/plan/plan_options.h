// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "core/base/option.h"
#include "core/plan/plan.h"

namespace rankscope::plan {

/// The options --rank … --budget, --method, --storage, --allocation, --allocation-error,
/// --multiple-of, --min-rank, --max-rank, --groups: names, help, defaults and ranges, in the order
/// of the help.
std::span<const Option> planOptionTable();

/// Throws Error of kind Usage for options that are wrong for any checkpoint.
void checkOptions(const PlanOptions& options);

}  // namespace rankscope::plan
