// SPDX-License-Identifier: Apache-2.0
#include "core/method/slim.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/method/method.h"
#include "core/method/ridge.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::method {

using checkpoint::Checkpoint;
using checkpoint::Role;
using checkpoint::WeightMatrix;

namespace {

/// Of the moments that units are ordered by.
constexpr double orderRidge = 1e-3;

/// Singular values below this share of the largest are rounding noise.
constexpr double noise = 1e-12;

Matrix zeros(std::int64_t rows, std::int64_t columns) {
    return {std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
}

/// a · b · aᵀ.
Matrix sandwich(const MatrixView& a, const MatrixView& b, const backend::LinearAlgebra& algebra) {
    const Matrix copy{{a.values.begin(), a.values.end()}, a.rows, a.columns};
    return algebra.multiply(algebra.multiply(a, b), transposed(copy));
}

/// The symmetric root of a symmetric, positive semidefinite matrix.
Matrix root(const MatrixView& a, const backend::LinearAlgebra& algebra) {
    const backend::SingularFactors factors = algebra.singularFactors(a);
    Matrix scaled = factors.left;
    for (std::int64_t i = 0; i < scaled.rows; ++i)
        for (std::int64_t j = 0; j < scaled.columns; ++j)
            scaled.values[static_cast<std::size_t>(i * scaled.columns + j)] *=
                std::sqrt(factors.values[static_cast<std::size_t>(j)]);
    return algebra.multiply(scaled, transposed(factors.left));
}

double normOfRow(const Matrix& a, std::int64_t row) {
    double sum = 0;
    for (std::int64_t j = 0; j < a.columns; ++j)
        sum += std::pow(a.values[static_cast<std::size_t>(row * a.columns + j)], 2);
    return std::sqrt(sum);
}

void scaleRow(Matrix& a, std::int64_t row, double factor) {
    for (std::int64_t j = 0; j < a.columns; ++j)
        a.values[static_cast<std::size_t>(row * a.columns + j)] *= factor;
}

/// Gives both rows of each pair the same norm, which changes no product of them: half types then
/// hold both.
void balance(Matrix& a, Matrix& b) {
    for (std::int64_t row = 0; row < a.rows; ++row) {
        const double first = normOfRow(a, row);
        const double second = normOfRow(b, row);
        if (first == 0 || second == 0) continue;
        const double factor = std::sqrt(second / first);
        scaleRow(a, row, factor);
        scaleRow(b, row, 1 / factor);
    }
}

std::int64_t sum(std::span<const std::int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

/// tails[r] = Σ_{i>=r} squares[i] / whole; all 0 if whole is.
std::vector<double> tails(std::span<const double> squares, double whole) {
    std::vector<double> sums(squares.size() + 1, 0.0);
    for (std::size_t i = squares.size(); i-- > 0;) sums[i] = sums[i + 1] + squares[i];
    for (double& value : sums) value = whole > 0 ? value / whole : 0;
    return sums;
}

double sumOf(const std::vector<std::vector<double>>& all) {
    double whole = 0;
    for (const std::vector<double>& some : all)
        whole += std::accumulate(some.begin(), some.end(), 0.0);
    return whole;
}

Matrix readChecked(const Checkpoint& checkpoint, const WeightMatrix& matrix) {
    Matrix weight = checkpoint.readMatrix(matrix);
    spectra::requireFinite(weight, matrix.name);
    return weight;
}

/// The block of rows and columns of one head.
Matrix headBlock(const Matrix& all, std::span<const std::int64_t> sizes, std::size_t head) {
    return headColumns(headRows(all, sizes, head), sizes, head);
}

std::vector<std::vector<double>> relativeTails(const std::vector<std::vector<double>>& squares) {
    const double whole = sumOf(squares);
    std::vector<std::vector<double>> errors;
    for (const std::vector<double>& some : squares) errors.push_back(tails(some, whole));
    return errors;
}

/// Slim's errors of one sublayer.
SlimErrors errorsOf(const SlimSublayer& sublayer, const Checkpoint& checkpoint,
                    const Calibration& calibration, const backend::LinearAlgebra& algebra) {
    SlimErrors errors;
    if (sublayer.hasScores()) {
        const Matrix q = readChecked(checkpoint, *sublayer.q);
        const Matrix k = readChecked(checkpoint, *sublayer.k);
        const Matrix ofQ = calibration.inputs(sublayer.q->module(), false).second;
        const Matrix ofK = calibration.inputs(sublayer.k->module(), false).second;
        const auto& sizes = sublayer.sizes.scores;
        std::vector<std::vector<double>> squares;
        for (std::size_t head = 0; head < sizes.size(); ++head) {
            squares.push_back(
                headScores(headRows(q, sizes, head), headRows(k, sizes, head), ofQ, ofK, algebra)
                    .values);
            for (double& value : squares.back()) value *= value;
        }
        errors.scores = relativeTails(squares);
        errors.scoresSquared = sumOf(squares);
    }
    if (sublayer.hasValues()) {
        const Matrix v = readChecked(checkpoint, *sublayer.v);
        const Matrix o = readChecked(checkpoint, *sublayer.o);
        const Matrix inputs = calibration.inputs(sublayer.o->module(), false).second;
        const auto& sizes = sublayer.sizes.values;
        std::vector<std::vector<double>> squares;
        for (std::size_t head = 0; head < sizes.size(); ++head)
            squares.push_back(headValues(headRows(v, sizes, head), headColumns(o, sizes, head),
                                         headBlock(inputs, sizes, head), algebra)
                                  .squares);
        errors.values = relativeTails(squares);
    }
    if (sublayer.hasUnits()) {
        const Matrix wo = readChecked(checkpoint, *sublayer.wo);
        const Matrix inputs = calibration.inputs(sublayer.wo->module(), false).second;
        UnitOrder order = unitOrder(wo, withRidge(inputs, orderRidge), algebra);
        const double whole = innerProduct(algebra.multiply(wo, inputs), wo);
        for (double& error : order.errors) error = whole > 0 ? error / whole : 0;
        errors.units = std::move(order.errors);
        errors.unitOrder = std::move(order.units);
    }
    return errors;
}

/// Puts a chosen matrix into its sublayer.
void place(SlimSublayer& sublayer, const WeightMatrix& matrix) {
    switch (matrix.role) {
        case Role::Q:
            sublayer.q = &matrix;
            return;
        case Role::K:
            sublayer.k = &matrix;
            return;
        case Role::V:
            sublayer.v = &matrix;
            return;
        case Role::O:
            sublayer.o = &matrix;
            return;
        case Role::Wi:
        case Role::Wi0:
        case Role::Wi1:
            sublayer.wi.push_back(&matrix);
            return;
        case Role::Wo:
            sublayer.wo = &matrix;
            return;
        case Role::Embedding:
        case Role::Head:
            break;
    }
}

void requireCuttable(const WeightMatrix& matrix) {
    if (matrix.sublayer == checkpoint::Sublayer::Vocabulary)
        throw usageError(fmt::format("{} has neither heads nor units, which is what slim cuts: "
                                     "leave it out, or choose another method.",
                                     printable(matrix.name)),
                         matrix.name);
    if (matrix.storage != checkpoint::Storage::Dense)
        throw usageError(fmt::format("{} is stored as factors; slim cuts dense matrices only. "
                                     "Start from the model it was made from.",
                                     printable(matrix.name)),
                         matrix.name);
}

/// The error that `name` is chosen without the matrices that are cut with it.
Error halfChosen(const WeightMatrix& matrix, std::string_view with) {
    return usageError(
        fmt::format("slim cuts {} together with {} of the same layer: choose both, or neither.",
                    printable(matrix.name), with),
        matrix.name);
}

void requireWhole(const SlimSublayer& sublayer, std::size_t innerMatrices) {
    const auto pair = [](const WeightMatrix* a, const WeightMatrix* b, const char* nameOfA,
                         const char* nameOfB) {
        if (a != nullptr && b == nullptr) throw halfChosen(*a, nameOfB);
        if (b != nullptr && a == nullptr) throw halfChosen(*b, nameOfA);
    };
    pair(sublayer.q, sublayer.k, "q", "k");
    pair(sublayer.v, sublayer.o, "v", "o");
    if (!sublayer.wi.empty() && sublayer.wo == nullptr) throw halfChosen(*sublayer.wi[0], "wo");
    if (sublayer.wo != nullptr && sublayer.wi.size() < innerMatrices)
        throw halfChosen(*sublayer.wo, innerMatrices == 2 ? "wi_0 and wi_1" : "wi");
}

}  // namespace

Matrix headRows(const Matrix& all, std::span<const std::int64_t> sizes, std::size_t head) {
    const std::int64_t first = sum(sizes.first(head));
    const auto begin = all.values.begin() + first * all.columns;
    return {{begin, begin + sizes[head] * all.columns}, sizes[head], all.columns};
}

Matrix headColumns(const Matrix& all, std::span<const std::int64_t> sizes, std::size_t head) {
    const std::int64_t first = sum(sizes.first(head));
    Matrix some = zeros(all.rows, sizes[head]);
    for (std::int64_t i = 0; i < all.rows; ++i)
        std::copy_n(all.values.begin() + i * all.columns + first, sizes[head],
                    some.values.begin() + i * sizes[head]);
    return some;
}

/// P_q P_k = U S Vᵀ with P_q = (Q G_q Qᵀ)^½ and P_k = (K G_k Kᵀ)^½. The scores of all pairs of
/// inputs have the squared norm ‖P_q P_k‖²; S^-½ Vᵀ P_k Q and S^-½ Uᵀ P_q K give Qᵀ K.
HeadScores headScores(const MatrixView& q, const MatrixView& k, const MatrixView& inputsOfQ,
                      const MatrixView& inputsOfK, const backend::LinearAlgebra& algebra) {
    const Matrix rootOfQ = root(sandwich(q, inputsOfQ, algebra), algebra);
    const Matrix rootOfK = root(sandwich(k, inputsOfK, algebra), algebra);
    const backend::SingularFactors factors =
        algebra.singularFactors(algebra.multiply(rootOfQ, rootOfK));
    HeadScores scores;
    scores.queries = algebra.multiply(algebra.multiply(factors.right, rootOfK), q);
    scores.keys = algebra.multiply(algebra.multiply(transposed(factors.left), rootOfQ), k);
    for (std::size_t i = 0; i < factors.values.size(); ++i) {
        const double value = factors.values[i];
        const bool there = value > noise * factors.values.front();
        const auto row = static_cast<std::int64_t>(i);
        scaleRow(scores.queries, row, there ? 1 / std::sqrt(value) : 0);
        scaleRow(scores.keys, row, there ? 1 / std::sqrt(value) : 0);
    }
    balance(scores.queries, scores.keys);
    scores.values = factors.values;
    return scores;
}

HeadValues headValues(const MatrixView& v, const MatrixView& o, const MatrixView& inputs,
                      const backend::LinearAlgebra& algebra) {
    const backend::SingularFactors factors =
        algebra.singularFactors(algebra.multiply(o, root(inputs, algebra)));
    HeadValues values;
    values.squares = factors.values;
    for (double& value : values.squares) value *= value;
    values.outputs = factors.left;
    values.values = algebra.multiply(algebra.multiply(transposed(factors.left), o), v);
    // A head wider than the model: what is beyond d_model is not there.
    const std::int64_t width = v.rows;
    values.squares.resize(static_cast<std::size_t>(width), 0.0);
    values.values.values.resize(static_cast<std::size_t>(width * v.columns), 0.0);
    values.values.rows = width;
    if (values.outputs.columns < width) {
        Matrix wide = zeros(o.rows, width);
        for (std::int64_t i = 0; i < o.rows; ++i)
            std::copy_n(values.outputs.values.begin() + i * values.outputs.columns,
                        values.outputs.columns, wide.values.begin() + i * width);
        values.outputs = std::move(wide);
    }
    return values;
}

namespace {

/// The working matrices of unitOrder() for the units that are left. With W the best wo for them and
/// A the inverse of their moments, dropping unit j raises the squared error by ‖W_j‖² / A_jj, and
/// W - W_j f, f = A_j / A_jj, is then the best. Only M = Wᵀ W is needed of W. Dropping j makes
///     A - A_jj fᵀ f   of A, and   M - hᵀ f - fᵀ h, h = M_j - M_jj f / 2,   of M.
/// These are put off for many units and then made as one product; meanwhile only diagonals, and the
/// rows that are asked for, are up to date.
class UnitElimination {
 public:
    UnitElimination(const MatrixView& wo, const MatrixView& inputs,
                    const backend::LinearAlgebra& algebra)
        : m_algebra(algebra) {
        const std::int64_t count = wo.columns;
        Matrix identity = zeros(count, count);
        for (std::int64_t i = 0; i < count; ++i)
            identity.values[static_cast<std::size_t>(i * count + i)] = 1;
        const Matrix copy{{wo.values.begin(), wo.values.end()}, wo.rows, wo.columns};
        m_inverse = algebra.divide(identity, inputs);
        m_gram = algebra.multiply(transposed(copy), wo);
        m_units.resize(static_cast<std::size_t>(count));
        std::iota(m_units.begin(), m_units.end(), std::int64_t{0});
        begin();
    }

    std::size_t left() const { return m_left; }

    /// Drops the unit that costs least; gives it and the rise of the squared error.
    std::pair<std::int64_t, double> drop() {
        if (m_pending == pendingUnits) applyPending();
        std::size_t least = 0;
        double rise = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < m_units.size(); ++i) {
            if (m_gone[i]) continue;
            const double cost = std::max(0.0, m_gramDiagonal[i]) / m_inverseDiagonal[i];
            if (rise == std::numeric_limits<double>::infinity() || cost < rise) {
                rise = cost;
                least = i;
            }
        }
        eliminate(least);
        return {m_units[least], std::isfinite(rise) ? rise : 0};
    }

 private:
    static constexpr std::size_t pendingUnits = 64;

    void begin() {
        const std::size_t n = m_units.size();
        m_left = n;
        m_pending = 0;
        m_gone.assign(n, false);
        m_inverseDiagonal.resize(n);
        m_gramDiagonal.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            m_inverseDiagonal[i] = m_inverse.values[i * n + i];
            m_gramDiagonal[i] = m_gram.values[i * n + i];
        }
        m_f = m_h = zeros(pendingUnits, static_cast<std::int64_t>(n));
        m_pivots.assign(pendingUnits, 0);
    }

    void eliminate(std::size_t j) {
        const std::size_t n = m_units.size();
        double* const f = m_f.values.data() + m_pending * n;
        double* const h = m_h.values.data() + m_pending * n;
        std::copy_n(m_inverse.values.data() + j * n, n, f);
        std::copy_n(m_gram.values.data() + j * n, n, h);
        for (std::size_t t = 0; t < m_pending; ++t) {
            const double* const before = m_f.values.data() + t * n;
            const double* const beside = m_h.values.data() + t * n;
            const double a = m_pivots[t] * before[j], b = before[j], c = beside[j];
            for (std::size_t i = 0; i < n; ++i) {
                f[i] -= a * before[i];
                h[i] -= b * beside[i] + c * before[i];
            }
        }
        const double pivot = f[j], half = h[j] / 2;
        for (std::size_t i = 0; i < n; ++i) {
            f[i] /= pivot;
            h[i] -= half * f[i];
            m_inverseDiagonal[i] -= pivot * f[i] * f[i];
            m_gramDiagonal[i] -= 2 * f[i] * h[i];
        }
        m_pivots[m_pending++] = pivot;
        m_gone[j] = true;
        --m_left;
    }

    /// Brings both matrices up to date and leaves out the units that are gone.
    void applyPending() {
        const std::size_t n = m_units.size();
        Matrix scaled = m_f;
        for (std::size_t t = 0; t < pendingUnits; ++t)
            for (std::size_t i = 0; i < n; ++i) scaled.values[t * n + i] *= m_pivots[t];
        const Matrix ofInverse = m_algebra.multiply(transposed(scaled), m_f);
        const Matrix ofGram = m_algebra.multiply(transposed(m_f), m_h);
        std::vector<std::size_t> stay;
        for (std::size_t i = 0; i < n; ++i)
            if (!m_gone[i]) stay.push_back(i);
        Matrix inverse =
            zeros(static_cast<std::int64_t>(stay.size()), static_cast<std::int64_t>(stay.size()));
        Matrix gram = inverse;
        std::vector<std::int64_t> units;
        for (std::size_t i = 0; i < stay.size(); ++i) {
            units.push_back(m_units[stay[i]]);
            for (std::size_t j = 0; j < stay.size(); ++j) {
                const std::size_t at = stay[i] * n + stay[j], mirrored = stay[j] * n + stay[i];
                const std::size_t to = i * stay.size() + j;
                inverse.values[to] = m_inverse.values[at] - ofInverse.values[at];
                gram.values[to] = m_gram.values[at] - ofGram.values[at] - ofGram.values[mirrored];
            }
        }
        m_inverse = std::move(inverse);
        m_gram = std::move(gram);
        m_units = std::move(units);
        begin();
    }

    const backend::LinearAlgebra& m_algebra;
    Matrix m_inverse, m_gram;           // [n, n], without what is pending
    std::vector<std::int64_t> m_units;  // that they are of
    std::vector<bool> m_gone;
    std::size_t m_left = 0;
    std::vector<double> m_inverseDiagonal, m_gramDiagonal;  // up to date
    Matrix m_f, m_h;                                        // [pending, n]
    std::vector<double> m_pivots;
    std::size_t m_pending = 0;
};

}  // namespace

UnitOrder unitOrder(const MatrixView& wo, const MatrixView& inputs,
                    const backend::LinearAlgebra& algebra) {
    UnitElimination elimination(wo, inputs, algebra);
    UnitOrder order;
    order.errors.assign(elimination.left() + 1, 0.0);
    double error = 0;
    while (elimination.left() > 0) {
        const auto [unit, rise] = elimination.drop();
        error += rise;
        order.errors[elimination.left()] = error;
        order.units.push_back(unit);
    }
    std::ranges::reverse(order.units);
    return order;
}

std::vector<SlimSublayer> slimSublayers(const Checkpoint& checkpoint,
                                        std::span<const WeightMatrix> chosen) {
    std::vector<SlimSublayer> sublayers;
    for (const WeightMatrix& matrix : chosen) {
        requireCuttable(matrix);
        const std::string name = t5::sublayerName(matrix.stack, matrix.block, matrix.sublayer);
        auto found = std::ranges::find(sublayers, name, &SlimSublayer::name);
        if (found == sublayers.end()) {
            sublayers.push_back({name, t5::sizesOf(matrix.stack, matrix.block, matrix.sublayer,
                                                   checkpoint.config())});
            found = sublayers.end() - 1;
        }
        place(*found, matrix);
    }
    const std::size_t innerMatrices = checkpoint.config().isGatedAct ? 2 : 1;
    for (const SlimSublayer& sublayer : sublayers) requireWhole(sublayer, innerMatrices);
    return sublayers;
}

SlimErrorTable slimErrors(const CalibratedModel& model, const Progress& progress) {
    const auto sublayers = slimSublayers(model.checkpoint, model.matrices);
    if (model.calibration == nullptr) throw calibrationMissing("The method \"slim\"");
    SlimErrorTable table;
    std::mutex mutex;
    std::atomic<std::size_t> finished{0};
    runInParallel(sublayers.size(), model.compute.threads, [&](std::size_t i) {
        throwIfStopped(progress);
        SlimErrors errors =
            errorsOf(sublayers[i], model.checkpoint, *model.calibration, model.compute.algebra());
        const std::lock_guard lock(mutex);
        table.emplace(sublayers[i].name, std::move(errors));
        progress.report(static_cast<double>(++finished) / static_cast<double>(sublayers.size()),
                        "what slim would lose in " + sublayers[i].name);
    });
    return table;
}

UnitOrder unitOrderOf(const SlimSublayer& sublayer, const Checkpoint& checkpoint,
                      const Calibration& calibration, const backend::LinearAlgebra& algebra) {
    const Matrix wo = readChecked(checkpoint, *sublayer.wo);
    const Matrix inputs = calibration.inputs(sublayer.wo->module(), false).second;
    return unitOrder(wo, withRidge(inputs, orderRidge), algebra);
}

}  // namespace rankscope::method
