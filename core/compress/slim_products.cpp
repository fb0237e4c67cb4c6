// SPDX-License-Identifier: Apache-2.0
#include "core/compress/slim_products.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/method/slim.h"
#include "core/t5/layer_sizes.h"

namespace rankscope::compress {

using checkpoint::WeightMatrix;
using method::SlimSublayer;
using plan::PlanEntry;

namespace {

/// Squared norms and the inner product come from small Gram matrices, whose differences cancel down
/// to about this.
constexpr double smallestError = 1e-7;

/// Sums over products P = first · second and P' of the cut model.
class Sums {
 public:
    explicit Sums(const backend::LinearAlgebra& algebra) : m_algebra(algebra) {}

    /// first [d, n], second [n, d]; those of the cut model [d, n'], [n', d].
    void add(const Matrix& first, const Matrix& second, const Matrix& cutFirst,
             const Matrix& cutSecond) {
        m_original += product(first, second, first, second);
        m_cross += product(first, second, cutFirst, cutSecond);
        m_cut += product(cutFirst, cutSecond, cutFirst, cutSecond);
        m_norms += frobeniusNorm(cutFirst) * frobeniusNorm(cutSecond);
    }

    ProductError error(DType dtype) const {
        if (m_original <= 0) return {0, smallestError};
        return {std::sqrt(std::max(0.0, m_original - 2 * m_cross + m_cut) / m_original),
                2 * unitRoundoff(dtype) * m_norms / std::sqrt(m_original) + smallestError};
    }

 private:
    /// ⟨a b, c d⟩ = Σ (aᵀ c) ∘ (b dᵀ).
    double product(const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d) const {
        return innerProduct(m_algebra.multiply(transposed(a), c),
                            m_algebra.multiply(b, transposed(d)));
    }

    const backend::LinearAlgebra& m_algebra;
    double m_original = 0, m_cross = 0, m_cut = 0, m_norms = 0;
};

/// Everything about one entry.
struct Pair {
    const PlanEntry* entry = nullptr;
    Matrix original, cut;
};

}  // namespace

std::map<std::string, ProductError> productErrors(
    const checkpoint::Checkpoint& source, const plan::CompressionPlan& plan,
    const std::function<Matrix(const PlanEntry&)>& cut,
    const std::function<DType(const PlanEntry&)>& dtype, const backend::Compute& compute) {
    std::vector<WeightMatrix> chosen;
    for (const PlanEntry& entry : plan.entries) chosen.push_back(entry.matrix);
    const std::vector<SlimSublayer> sublayers = method::slimSublayers(source, chosen);
    const backend::LinearAlgebra& algebra = compute.algebra();
    std::map<std::string, ProductError> errors;
    std::mutex mutex;
    runInParallel(sublayers.size(), compute.threads, [&](std::size_t i) {
        const SlimSublayer& sublayer = sublayers[i];
        const t5::SublayerSizes& kept = plan.sizes.at(sublayer.name);
        const auto read = [&](const WeightMatrix& matrix) {
            const auto entry = std::ranges::find(plan.entries, matrix.name,
                                                 [](const PlanEntry& e) { return e.matrix.name; });
            return Pair{&*entry, source.readMatrix(matrix), cut(*entry)};
        };
        const auto put = [&](const Pair& pair, const Sums& sums) {
            const std::lock_guard lock(mutex);
            errors[pair.entry->matrix.name] = sums.error(dtype(*pair.entry));
        };
        if (sublayer.hasScores()) {
            const Pair q = read(*sublayer.q), k = read(*sublayer.k);
            Sums sums(algebra);
            for (std::size_t head = 0; head < kept.scores.size(); ++head) {
                const auto of = [&](const Matrix& all, const auto& sizes) {
                    return method::headRows(all, sizes, head);
                };
                const auto& full = sublayer.sizes.scores;
                sums.add(transposed(of(q.original, full)), of(k.original, full),
                         transposed(of(q.cut, kept.scores)), of(k.cut, kept.scores));
            }
            put(q, sums);
            put(k, sums);
        }
        if (sublayer.hasValues()) {
            const Pair v = read(*sublayer.v), o = read(*sublayer.o);
            Sums sums(algebra);
            for (std::size_t head = 0; head < kept.values.size(); ++head) {
                const auto& full = sublayer.sizes.values;
                sums.add(method::headColumns(o.original, full, head),
                         method::headRows(v.original, full, head),
                         method::headColumns(o.cut, kept.values, head),
                         method::headRows(v.cut, kept.values, head));
            }
            put(v, sums);
            put(o, sums);
        }
        if (sublayer.hasUnits()) {
            const Pair wo = read(*sublayer.wo);
            for (std::size_t j = sublayer.wi.size(); j-- > 0;) {
                const Pair wi = read(*sublayer.wi[j]);
                Sums sums(algebra);
                sums.add(wo.original, wi.original, wo.cut, wi.cut);
                put(wi, sums);
                put(wo, sums);  // that of the first one stays
            }
        }
    });
    return errors;
}

}  // namespace rankscope::compress
