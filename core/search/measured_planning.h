// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/compress/factor_source.h"
#include "core/method/calibration.h"
#include "core/method/slim.h"
#include "core/spectra/spectrum.h"

namespace rankscope::search {

/// A model that plans are tried on. Searches with many losses look at the calibration dialogues, so
/// that the held-out ones, which a choice among a few plans is made by, are new to all of them.
struct MeasuredPlanning {
    const method::CalibratedModel& model;
    /// Where losses of sensitivity searches are kept, a file a search, so that an interrupted one
    /// goes on where it was; empty: they are not kept.
    std::filesystem::path journals = {};
    /// The singular values of W X where known (compress::activationSpectra()); else they are
    /// computed where needed.
    const std::map<std::string, spectra::Spectrum>* onActivations = nullptr;
    /// The factors of fullRankFactors() for the method and settings of all plans, where known.
    std::shared_ptr<const compress::FullRankFactors> known = nullptr;
    /// The errors of slim by size (method::slimErrors()), where known; else they are computed where
    /// needed.
    std::shared_ptr<const method::SlimErrorTable> slimErrors = nullptr;
};

}  // namespace rankscope::search
