// SPDX-License-Identifier: Apache-2.0
#include "core/method/slim.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

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

/// With W the best wo for the units that are left and A the inverse of their moments, dropping unit
/// j raises the squared error by ‖W_j‖² / A_jj, and W - W_j A_j / A_jj is then the best. Only
/// M = Wᵀ W is needed of W: with f = A_j / A_jj it becomes M - f M_j - M_jᵀ fᵀ + M_jj f fᵀ. Dropped
/// units leave the working matrices, so that each step is as small as what is left.
UnitOrder unitOrder(const MatrixView& wo, const MatrixView& inputs,
                    const backend::LinearAlgebra& algebra) {
    const std::int64_t count = wo.columns;
    Matrix identity = zeros(count, count);
    for (std::int64_t i = 0; i < count; ++i)
        identity.values[static_cast<std::size_t>(i * count + i)] = 1;
    const Matrix copy{{wo.values.begin(), wo.values.end()}, wo.rows, wo.columns};
    std::vector<double> inverse = algebra.divide(identity, inputs).values;
    std::vector<double> gram = algebra.multiply(transposed(copy), wo).values;
    std::vector<std::int64_t> left(static_cast<std::size_t>(count));
    std::iota(left.begin(), left.end(), std::int64_t{0});
    UnitOrder order;
    order.errors.assign(static_cast<std::size_t>(count) + 1, 0.0);
    std::vector<double> f(left.size()), g(left.size());
    const auto stride = static_cast<std::size_t>(count);
    double error = 0;
    while (!left.empty()) {
        const std::size_t n = left.size();
        std::size_t least = 0;
        double rise = std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < n; ++i) {
            const double cost = std::max(0.0, gram[i * stride + i]) / inverse[i * stride + i];
            if (cost < rise) {
                rise = cost;
                least = i;
            }
        }
        error += std::isfinite(rise) ? rise : 0;
        order.errors[n - 1] = error;
        order.units.push_back(left[least]);
        const double pivot = inverse[least * stride + least];
        const double norm = gram[least * stride + least];
        for (std::size_t i = 0; i < n; ++i) {
            f[i] = inverse[least * stride + i] / pivot;
            g[i] = gram[least * stride + i];
        }
        for (std::size_t i = 0; i < n; ++i) {
            double* const a = inverse.data() + i * stride;
            double* const m = gram.data() + i * stride;
            const double fi = f[i];
            const double gi = g[i] - norm * fi;
            const double ai = fi * pivot;
            for (std::size_t j = 0; j < n; ++j) {
                a[j] -= ai * f[j];
                m[j] -= fi * g[j] + gi * f[j];
            }
        }
        // The last one takes the place of the one that is gone.
        const std::size_t last = n - 1;
        left[least] = left[last];
        left.pop_back();
        for (std::vector<double>* const matrix : {&inverse, &gram}) {
            double* const values = matrix->data();
            std::copy_n(values + last * stride, n, values + least * stride);
            for (std::size_t i = 0; i < last; ++i)
                values[i * stride + least] = values[i * stride + last];
        }
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
