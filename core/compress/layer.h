// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/compress/compress.h"
#include "core/compress/storage_forms.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// One matrix approximated and rounded, before anything is written.
struct Layer {
    LayerResult result;     ///< relativeError still unknown
    StoredForm form;        ///< no tensors where the matrix is kept
    double tolerance = 0;   ///< how far the error of the written bytes may be from the prediction
    double largestMix = 0;  ///< max |mix| of the pivoted form
};

/// Approximates one matrix as its entry says. Pivoted storage must rebuild W' to 1e-5 in F32, and
/// in the half types must not round worse than twice what two factors do; where that fails, `auto`
/// takes the next smallest exact form and says so in the note, and a choice by name is an Error.
Layer makeLayer(const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan,
                const plan::PlanEntry& entry, const CompressOptions& options,
                const backend::Backend& backend);

}  // namespace rankscope::compress
