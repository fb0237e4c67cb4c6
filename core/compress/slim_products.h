// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/tensor_view.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/planned_model.h"
#include "core/method/slim.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// A product P = first · second of a layer, and P' of the layer as slim cuts it.
struct ProductBlock {
    Matrix first, second;        ///< [d, n], [n, d]
    Matrix cutFirst, cutSecond;  ///< [d, n'], [n', d]
};

/// A matrix cut by slim has rows or columns of its own basis, so it is compared where that does not
/// matter: q and k by Qᵀ K, v and o by O V, head by head; wi, wi_0, wi_1 and wo by Wo Wi (wo with
/// wi or wi_0).
struct SlimProduct {
    std::vector<const plan::PlanEntry*> entries;  ///< that make it, k, v or wi the first
    std::vector<ProductBlock> blocks;             ///< one per head, or one
};

/// The smaller matrix of an entry.
using CutMatrix = std::function<Matrix(const plan::PlanEntry&)>;

/// The products of one of a plan's sublayers.
std::vector<SlimProduct> slimProducts(const checkpoint::Checkpoint& source,
                                      const plan::CompressionPlan& plan,
                                      const method::SlimSublayer& sublayer, const CutMatrix& cut);

/// Squared norms and the inner product of P and P', blocks summed, on inputs with these second
/// moments (empty: isotropic ones).
struct ProductNorms {
    double original = 0, cross = 0, cut = 0;
};
ProductNorms normsOf(const SlimProduct& product, const MatrixView& inputs,
                     const backend::LinearAlgebra& algebra);

/// How far the products of a cut model's matrices are from the source's.
struct ProductError {
    double relative = 0;   ///< ‖P − P'‖_F / ‖P‖_F; 0 if P is
    double tolerance = 0;  ///< how far rounding the matrices to the written type may move it
};

/// By matrix name, for all entries of the plan. `dtype` is the written type of an entry's matrix.
std::map<std::string, ProductError> productErrors(
    const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan, const CutMatrix& cut,
    const std::function<DType(const plan::PlanEntry&)>& dtype, const backend::Compute& compute);

}  // namespace rankscope::compress
