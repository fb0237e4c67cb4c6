// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/method.h"

namespace rankscope::method {

/// One dialogue that calibration used, as the model saw it.
struct CalibrationExample {
    std::string id;
    backend::TokenIds source, target;
};

/// The calibrated model and the data used.
struct CalibrationRecord {
    std::string checkpoint;                    ///< as the user named it
    std::string fingerprint;                   ///< Checkpoint::fingerprint()
    std::string contentHash;                   ///< Checkpoint::contentHash()
    std::string data;                          ///< the file of dialogues
    std::string dataHash;                      ///< SHA-256
    std::string prefix;                        ///< put before every source
    std::uint64_t seed = 0;                    ///< of the choice of dialogues
    bool gradients = false;                    ///< --fisher
    std::string arithmetic = "float64";        ///< in which inputs were summed
    std::vector<CalibrationExample> examples;  ///< moments are of these
    std::vector<CalibrationExample> heldOut;   ///< and the held-out ones of these
    std::vector<std::string> warnings;         ///< inputs with fewer tokens than their width …
};

/// Moments of a model on some dialogues. Held-out moments are of dialogues that no factor saw.
class Calibration {
 public:
    virtual ~Calibration();
    virtual const CalibrationRecord& record() const = 0;
    /// Name for messages: the file.
    virtual std::string name() const = 0;
    /// Of the input that `module` takes. Throws Error if it is missing or damaged.
    virtual backend::InputMoments inputs(const std::string& module, bool heldOut) const = 0;
    /// Of the layer `module`. Throws Error if calibration ran without --fisher.
    virtual backend::GradientMoments gradients(const std::string& module) const = 0;
};

/// Throws Error of kind Usage if `calibration` was made with another checkpoint: the bytes of the
/// weights differ. Reads them if files were merely touched or copied.
void requireSameModel(const Calibration& calibration, const checkpoint::Checkpoint& checkpoint,
                      const Progress& progress);

/// Chosen matrices of a checkpoint, the calibration to measure them on, and what computes.
struct CalibratedModel {
    const checkpoint::Checkpoint& checkpoint;
    std::span<const checkpoint::WeightMatrix> matrices;
    std::shared_ptr<const Calibration> calibration;  ///< may be null if nothing looks at it
    const backend::Compute& compute;
};

/// A method with everything it uses besides W.
struct MethodChoice {
    std::string method;  ///< as in --method
    MethodSettings settings = {};
    const Calibration* calibration = nullptr;  ///< null if the method needs none
};

/// The Error of kind Usage that `what` ("The method \"whitened\"") needs a calibration.
Error calibrationMissing(std::string_view what);

/// Throws Error of kind Usage if the method, or a refit, uses calibration data and `calibration` is
/// null, or if it needs gradients and the calibration has none.
void requireCalibration(const Method& method, const MethodSettings& settings,
                        const Calibration* calibration);

}  // namespace rankscope::method
