// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/method/calibration.h"

namespace rankscope::workspace {

/// The content of a calibration. Moments of one input: those of the examples and the held-out ones.
struct CalibrationContent {
    method::CalibrationRecord record;
    std::map<std::string, backend::InputMoments> inputs, heldOut;
    std::map<std::string, backend::GradientMoments> gradients;
};

/// Writes an HDF5 file atomically; throws Error naming the path. Layout, version 1:
///
///   /           attributes as in a file of spectra, format "rankscope-calibration", and
///   content_hash
///               (SHA-256 of the weights), data, data_hash, prefix, seed, gradients (0 or 1)
///   /examples   uint8: JSON {"examples": [{id, source, target}], "held_out": […], "warnings": […]}
///   /inputs/<input>/second      float64: the lower triangle of Σ x xᵀ, row by row
///   /inputs/<input>/absolute    float64 [in]: Σ |x_j|
///   /held_out/<input>/…         the same of the held-out examples
///   /gradients/<module>/second  float64: the lower triangle of Σ g gᵀ
///   /gradients/<module>/columns float64 [in]
///
/// <input> is the first module that takes that input. A group has the attributes tokens and sha256
/// (of its two datasets' bytes).
void writeCalibration(const std::filesystem::path& path, const CalibrationContent& content);

/// Before the work: throws Error if `path` exists and is not a calibration, is one of another
/// checkpoint, or one that a running command uses (openCalibration() locks it).
void requireReplaceableByCalibration(const std::filesystem::path& path,
                                     const checkpoint::Checkpoint& checkpoint,
                                     const Progress& progress);

/// Reads the record; moments are read on demand. Throws Error naming the file if it is not a
/// calibration, damaged, or of another version. Later reads are of the file as it is now, even if
/// another takes its name.
std::shared_ptr<const method::Calibration> openCalibration(const std::filesystem::path& path);

}  // namespace rankscope::workspace
