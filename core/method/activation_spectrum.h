// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/spectra/spectrum.h"

namespace rankscope::method {

/// Singular values of W X, X the calibration inputs: σ_i² = u_iᵀ W G Wᵀ u_i with U from W G Wᵀ.
/// Their tail sums are the squared errors of the whitened method on these inputs, and no method of
/// that rank has smaller ones. By matrix name.
std::map<std::string, spectra::Spectrum> activationSpectra(const CalibratedModel& model,
                                                           const Progress& progress);

}  // namespace rankscope::method
