// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/progress.h"
#include "core/compress/planned_model.h"

namespace rankscope::compress {

/// The matrices of a plan by slim. q, k, v and wi are cut on the original model's moments; then one
/// walk through the layers fits o and wo to W X + (S − S'), with a ridge towards their cut
/// (docs/methods/slim.md). Throws Error as requireCalibration() does.
CutMatrices slimMatrices(const PlannedModel& model, const Progress& progress);

}  // namespace rankscope::compress
