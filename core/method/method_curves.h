// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/activation_error.h"
#include "core/method/calibration.h"
#include "core/method/method.h"

namespace rankscope::method {

/// One method's errors on the real inputs of one matrix, rank by rank.
struct MethodCurve {
    std::string name;    ///< of the matrix
    std::string method;  ///< as in --method
    std::vector<std::int64_t> ranks;
    std::vector<double> activationError;  ///< ‖(W - W_r) X‖ / ‖W X‖, X the calibration inputs
    std::vector<double> heldOutError;     ///< the same on held-out inputs; empty if there are none
    /// Of a preview: measured ‖W - W'‖_F / ‖W - W_r‖_F - 1, W_r the truncated SVD; nothing if that
    /// would divide by rounding. Empty for other methods.
    std::vector<std::optional<double>> excessError;
};

struct MethodCurvesOptions {
    std::vector<std::string> methods;  ///< names; empty: all for which the calibration has moments
    MethodSettings settings;
    /// The wanted ranks of a matrix of that full rank, ascending, each in 0 … fullRank.
    std::function<std::vector<std::int64_t>(std::int64_t fullRank)> ranks;
};

/// The curves of the methods: error on real activations against rank, matrix after matrix, methods
/// in the given order. A method is factored once at full rank and cut; `randomized` is made again
/// at some of the ranks (previewRanks()), since cut from full rank it would be the exact SVD.
/// Methods that walk use the inputs of the uncompressed model here, all tokens alike. Methods that
/// need gradients which the calibration lacks are left out with a warning; throws Error of kind
/// Usage if none is left, or a name is unknown.
std::vector<MethodCurve> methodCurves(const CalibratedModel& model,
                                      const MethodCurvesOptions& options, const Progress& progress);

/// The ranks at which a preview of a matrix [rows, columns] is made, evenly spread and including
/// the first and the last: all if that is quick, else at least 16.
std::vector<std::int64_t> previewRanks(const std::vector<std::int64_t>& ranks, std::int64_t rows,
                                       std::int64_t columns);

}  // namespace rankscope::method
