// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/progress.h"
#include "core/method/slim.h"
#include "core/plan/plan.h"
#include "core/search/measured_planning.h"

/// What errors of a layer cost, by the loss's gradients at a model cut evenly to 50 %; the
/// allocation `gradient`. docs/methods/allocation.md derives it. One forward and backward pass
/// over the calibration's dialogues (the first 128).
namespace rankscope::search {

/// Slim's errors by size, each multiplied by the root of its expected rise of the loss. The model
/// is cut by slim to one d_kv and one d_ff.
std::shared_ptr<const method::SlimErrorTable> slimErrorsByGradient(const MeasuredPlanning& planning,
                                                                   const plan::PlanOptions& options,
                                                                   const Progress& progress);

/// For low rank: the roots by matrix name, for PlanOptions::lossWeights, divided by their mean. The
/// model is compressed by svd with the same share of every matrix.
std::map<std::string, double> weightsByGradient(const MeasuredPlanning& planning,
                                                const plan::PlanOptions& options,
                                                const Progress& progress);

}  // namespace rankscope::search
