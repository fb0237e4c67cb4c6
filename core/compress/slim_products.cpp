// SPDX-License-Identifier: Apache-2.0
#include "core/compress/slim_products.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::compress {

using checkpoint::WeightMatrix;
using method::headColumns;
using method::headRows;
using method::SlimSublayer;
using plan::PlanEntry;

namespace {

/// Squared norms and the inner product come from small Gram matrices, whose differences cancel down
/// to about this.
constexpr double smallestError = 1e-7;

/// One matrix before and after.
struct Pair {
    const PlanEntry* entry = nullptr;
    Matrix original, cut;
};

/// ⟨a b X, c d X⟩ = Σ (aᵀ c) ∘ (b G dᵀ), G = X Xᵀ or the identity.
double inner(const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d,
             const MatrixView& inputs, const backend::LinearAlgebra& algebra) {
    const Matrix onInputs = inputs.rows > 0 ? algebra.multiply(b, inputs) : b;
    return innerProduct(algebra.multiply(transposed(a), c),
                        algebra.multiply(onInputs, transposed(d)));
}

ProductError errorOf(const SlimProduct& product, const ProductNorms& norms, DType dtype) {
    if (norms.original <= 0) return {0, smallestError};
    double factors = 0;
    for (const ProductBlock& block : product.blocks)
        factors += frobeniusNorm(block.cutFirst) * frobeniusNorm(block.cutSecond);
    const double apart = std::max(0.0, norms.original - 2 * norms.cross + norms.cut);
    return {std::sqrt(apart / norms.original),
            2 * unitRoundoff(dtype) * factors / std::sqrt(norms.original) + smallestError};
}

}  // namespace

std::vector<SlimProduct> slimProducts(const checkpoint::Checkpoint& source,
                                      const plan::CompressionPlan& plan,
                                      const SlimSublayer& sublayer, const CutMatrix& cut) {
    const t5::SublayerSizes& full = sublayer.sizes;
    const t5::SublayerSizes& kept = plan.sizes.at(sublayer.name);
    const auto read = [&](const WeightMatrix& matrix) {
        const auto entry = std::ranges::find(plan.entries, matrix.name,
                                             [](const PlanEntry& e) { return e.matrix.name; });
        Pair pair{&*entry, source.readMatrix(matrix), cut(*entry)};
        spectra::requireFinite(pair.original, matrix.name);
        return pair;
    };
    std::vector<SlimProduct> products;
    if (sublayer.hasScores()) {
        const Pair q = read(*sublayer.q), k = read(*sublayer.k);
        products.push_back({{k.entry, q.entry}, {}});
        for (std::size_t head = 0; head < kept.scores.size(); ++head)
            products.back().blocks.push_back({transposed(headRows(q.original, full.scores, head)),
                                              headRows(k.original, full.scores, head),
                                              transposed(headRows(q.cut, kept.scores, head)),
                                              headRows(k.cut, kept.scores, head)});
    }
    if (sublayer.hasValues()) {
        const Pair v = read(*sublayer.v), o = read(*sublayer.o);
        products.push_back({{v.entry, o.entry}, {}});
        for (std::size_t head = 0; head < kept.values.size(); ++head)
            products.back().blocks.push_back({headColumns(o.original, full.values, head),
                                              headRows(v.original, full.values, head),
                                              headColumns(o.cut, kept.values, head),
                                              headRows(v.cut, kept.values, head)});
    }
    if (sublayer.hasUnits()) {
        const Pair wo = read(*sublayer.wo);
        for (const WeightMatrix* matrix : sublayer.wi) {
            Pair wi = read(*matrix);
            SlimProduct product{{wi.entry}, {}};
            if (matrix == sublayer.wi.front()) product.entries.push_back(wo.entry);
            product.blocks.push_back(
                {wo.original, std::move(wi.original), wo.cut, std::move(wi.cut)});
            products.push_back(std::move(product));
        }
    }
    return products;
}

ProductNorms normsOf(const SlimProduct& product, const MatrixView& inputs,
                     const backend::LinearAlgebra& algebra) {
    ProductNorms norms;
    for (const ProductBlock& b : product.blocks) {
        norms.original += inner(b.first, b.second, b.first, b.second, inputs, algebra);
        norms.cross += inner(b.first, b.second, b.cutFirst, b.cutSecond, inputs, algebra);
        norms.cut += inner(b.cutFirst, b.cutSecond, b.cutFirst, b.cutSecond, inputs, algebra);
    }
    return norms;
}

std::map<std::string, ProductError> productErrors(
    const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan, const CutMatrix& cut,
    const std::function<DType(const PlanEntry&)>& dtype, const backend::Compute& compute) {
    std::vector<WeightMatrix> chosen;
    for (const PlanEntry& entry : plan.entries) chosen.push_back(entry.matrix);
    const std::vector<SlimSublayer> sublayers = method::slimSublayers(source, chosen);
    std::map<std::string, ProductError> errors;
    std::mutex mutex;
    runInParallel(sublayers.size(), compute.threads, [&](std::size_t i) {
        for (const SlimProduct& product : slimProducts(source, plan, sublayers[i], cut)) {
            const ProductNorms norms = normsOf(product, {}, compute.algebra());
            const std::lock_guard lock(mutex);
            for (const PlanEntry* entry : product.entries)
                errors[entry->matrix.name] = errorOf(product, norms, dtype(*entry));
        }
    });
    return errors;
}

}  // namespace rankscope::compress
