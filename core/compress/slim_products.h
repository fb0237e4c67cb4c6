// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/base/dtype.h"
#include "core/base/tensor_view.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/factor_source.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// How far the products of a cut model's matrices are from the source's.
struct ProductError {
    double relative = 0;   ///< ‖P − P'‖_F / ‖P‖_F; 0 if P is
    double tolerance = 0;  ///< how far rounding the matrices to the written type may move it
};

/// A matrix cut by slim has rows or columns of its own basis, so it is compared where that does not
/// matter: q and k by Qᵀ K, v and o by O V, head by head and summed; wi, wi_0, wi_1 and wo by Wo Wi
/// (wo with wi or wi_0). By matrix name, for all entries of the plan. `cut` gives the smaller
/// matrix of an entry; `dtype` the written type of one.
std::map<std::string, ProductError> productErrors(
    const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan,
    const std::function<Matrix(const plan::PlanEntry&)>& cut,
    const std::function<DType(const plan::PlanEntry&)>& dtype, const backend::Compute& compute);

}  // namespace rankscope::compress
