// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/backend/linear_algebra.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/factor_source.h"
#include "core/compress/storage_forms.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// The result for one matrix.
struct LayerResult {
    std::string name;
    std::int64_t rank = 0;
    checkpoint::Storage storage = checkpoint::Storage::Dense;
    plan::Cut cut = plan::Cut::None;  ///< by slim: smaller instead of low rank
    bool kept = false;                ///< unchanged
    /// ‖W - W'‖_F / ‖W‖_F from the bytes read back; of slim the error of the product that q and
    /// k, or v and o, make head by head, or of wi or wo with zeros for the units that are gone.
    double relativeError = 0;
    double predictedError = 0;  ///< the same before rounding
    /// Of a preview: ‖W - W'‖ / ‖W - W_r‖ - 1 before rounding, measured (excessError()).
    std::optional<double> excessError = {};
    std::string note = {};  ///< e.g. why pivoted storage was refused
};

/// "dense", "factored", "pivoted"; of slim "plain" or "sizes".
std::string_view storageName(const LayerResult& result);

/// One matrix approximated and rounded, before anything is written.
struct Layer {
    LayerResult result;     ///< relativeError still unknown
    StoredForm form;        ///< no tensors if the matrix is unchanged
    double tolerance = 0;   ///< how far the error of the written bytes may be from the prediction
    double largestMix = 0;  ///< max |mix| of the pivoted form
};

/// Approximates one matrix as its entry says. Pivoted storage must rebuild W' to 1e-5 in F32, and
/// in the half types must not round worse than twice what two factors do; if that fails, `auto`
/// takes the next smallest exact form and says so in the note, while a choice by name is an Error.
/// `asked` is the type of the written numbers; default: the matrix's own.
Layer makeLayer(const checkpoint::Checkpoint& source, const plan::PlanEntry& entry,
                const FactorSource& factorSource, std::optional<DType> asked,
                const backend::LinearAlgebra& algebra);

}  // namespace rankscope::compress
