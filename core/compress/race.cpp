// SPDX-License-Identifier: Apache-2.0
#include "core/compress/race.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/compress/storage_forms.h"
#include "core/spectra/compute_spectra.h"
#include "core/spectra/spectrum.h"

namespace rankscope::compress {

namespace {

constexpr double previewWork = 1e10;  // rows · columns · full rank, summed over ranks: seconds
constexpr double leastMeaningful = 1e-7;

double value(const Matrix& a, std::int64_t row, std::int64_t column) {
    return a.values[static_cast<std::size_t>(row * a.columns + column)];
}

/// Σ a ∘ b over all entries.
double inner(const Matrix& a, const Matrix& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
    return sum;
}

Matrix difference(const Matrix& a, const Matrix& b) {
    Matrix result = a;
    for (std::size_t i = 0; i < a.values.size(); ++i) result.values[i] -= b.values[i];
    return result;
}

/// Products on one device, with ‖D X‖² = Σ D ∘ (D X Xᵀ) for any D [m, n].
struct Products {
    const Matrix& second;
    const backend::Device& device;
    const backend::Backend& backend;

    Matrix times(const Matrix& a, const Matrix& b) const { return backend.multiply(a, b, device); }
    double squaredNorm(const Matrix& d) const { return inner(d, times(d, second)); }
    /// Relative error of a squared one; what rounding hides is 0.
    double relative(double square, double whole) const {
        const double hidden = static_cast<double>(second.rows) * 0x1p-52 * whole;
        return square > hidden ? std::sqrt(square / whole) : 0;
    }
};

/// ‖(W - W_r) X‖² for r = 0 … rank. With E = W - L R what no component holds, l_i and r_i the
/// columns of L and the rows of R, W - W_r = E + Σ_{i>r} l_i r_iᵀ, so that
/// ‖(W - W_r) X‖² = ‖E X‖² + 2 Σ_{i>r} l_iᵀ E G r_i + Σ_{i,j>r} (l_iᵀ l_j)(r_iᵀ G r_j):
/// summed from the last component up, large parts never cancel.
std::vector<double> squaredErrors(const Matrix& weight, const backend::Factors& factors,
                                  const Products& products) {
    const std::int64_t rank = factors.left.columns;
    const Matrix right = transposed(factors.right);                                 // [n, rank]
    const Matrix outputs = products.times(transposed(factors.left), factors.left);  // Lᵀ L
    const Matrix moved = products.times(products.second, right);  // G Rᵀ [n, rank]
    const Matrix inputs = products.times(factors.right, moved);   // R G Rᵀ [rank, rank]
    const Matrix rest = difference(weight, products.times(factors.left, factors.right));
    std::vector<double> squares(static_cast<std::size_t>(rank) + 1, 0.0);
    Matrix mixed;  // E G Rᵀ [m, rank]; empty where E is rounding
    if (frobeniusNorm(rest) > 1e-13 * static_cast<double>(rank) * frobeniusNorm(weight)) {
        squares.back() = products.squaredNorm(rest);
        mixed = products.times(rest, moved);
    }
    for (std::int64_t r = rank - 1; r >= 0; --r) {
        double grown = value(outputs, r, r) * value(inputs, r, r);
        for (std::int64_t i = r + 1; i < rank; ++i)
            grown += 2 * value(outputs, r, i) * value(inputs, r, i);
        for (std::int64_t i = 0; i < mixed.rows; ++i)
            grown += 2 * value(factors.left, i, r) * value(mixed, i, r);
        squares[static_cast<std::size_t>(r)] = squares[static_cast<std::size_t>(r) + 1] + grown;
    }
    return squares;
}

/// The methods to run, those left out named in a warning.
std::vector<const Method*> runners(const Calibration& calibration, const RaceOptions& options,
                                   const Progress& progress) {
    std::vector<const Method*> asked;
    for (const std::string& name : options.methods) asked.push_back(&methodNamed(name));
    if (asked.empty())
        for (const Method& method : methods()) asked.push_back(&method);
    std::vector<const Method*> chosen;
    std::vector<std::string_view> left;
    for (const Method* method : asked)
        if (method->needs == MethodNeeds::Gradients && !calibration.record().gradients)
            left.push_back(method->name);
        else
            chosen.push_back(method);
    const std::string sentence = fmt::format(
        "{} need{} gradients, which {} does not have; run `calibrate` with --fisher.",
        fmt::join(left, " and "), left.size() == 1 ? "s" : "", printable(calibration.name(), 1000));
    if (chosen.empty()) throw usageError(sentence, calibration.name());
    if (!left.empty()) progress.warn("Left out of the race: " + sentence);
    return chosen;
}

/// One method on one matrix.
struct Start {
    const checkpoint::WeightMatrix* matrix;
    const Method* method;
};

std::vector<Start> startsOf(std::span<const checkpoint::WeightMatrix> matrices,
                            const std::vector<const Method*>& methods, const Progress& progress) {
    std::vector<Start> starts;
    for (const checkpoint::WeightMatrix& matrix : matrices) {
        if (matrix.role == checkpoint::Role::Embedding)
            throw usageError(fmt::format("{} is looked up row by row: it has no inputs that errors "
                                         "could be measured on. Leave it out.",
                                         printable(matrix.name)),
                             matrix.name);
        bool left = false;
        for (const Method* method : methods)
            if (matrix.role == checkpoint::Role::Head && method->looksAtOutputs)
                left = true;
            else
                starts.push_back({&matrix, method});
        if (left)
            progress.warn(fmt::format(
                "{}: methods that look at gradients of outputs are left out, since a calibration "
                "keeps none of the head's.",
                printable(matrix.name)));
    }
    return starts;
}

/// One matrix, as read for one method.
struct Lane {
    const Method& method;
    const RaceOptions& options;
    const backend::Backend& backend;
    Matrix weight;
    backend::InputMoments inputs;
    std::optional<backend::InputMoments> heldOut;
    std::optional<backend::GradientMoments> gradients;

    backend::Factors factors(std::int64_t rank) const {
        const MethodInput input{.weight = weight,
                                .rank = rank,
                                .inputs = &inputs,
                                .gradients = gradients ? &*gradients : nullptr,
                                .settings = options.settings};
        if (method.factorizeWalked == nullptr)
            return method.factorize(input, options.device, backend);
        // Nothing is compressed before: X' = X, and the residual stream has lost nothing.
        return method.factorizeWalked(input,
                                      {.modules = {},
                                       .tokens = inputs.tokens,
                                       .original = inputs.second,
                                       .cross = inputs.second,
                                       .shifted = inputs.second,
                                       .lost = {}},
                                      options.device, backend);
    }

    std::int64_t fullRank() const { return std::min(weight.rows, weight.columns); }

    void cutAtEveryRank(RaceCurve& curve) const {
        const backend::Factors all = factors(fullRank());
        const auto measure = [&](const Matrix& second, std::vector<double>& errors) {
            const auto known = activationErrors(weight, all, second, options.device, backend);
            for (const std::int64_t rank : curve.ranks)
                errors.push_back(known[static_cast<std::size_t>(rank)]);
        };
        measure(inputs.second, curve.activationError);
        if (heldOut) measure(heldOut->second, curve.heldOutError);
    }

    /// A preview is another matrix at every rank.
    void makeAnew(RaceCurve& curve, const Progress& progress) const {
        curve.ranks = previewRanks(curve.ranks, weight.rows, weight.columns);
        const spectra::Spectrum spectrum(curve.name, weight.rows, weight.columns,
                                         backend.singularValues(weight, options.device).values);
        const double norm = frobeniusNorm(weight);
        for (const std::int64_t rank : curve.ranks) {
            throwIfStopped(progress);
            backend::Factors made{{{}, weight.rows, 0}, {{}, 0, weight.columns}};
            if (rank > 0) made = factors(rank);
            const auto measure = [&](const Matrix& second) {
                return rank == 0
                           ? activationErrors(weight, made, second, options.device, backend)[0]
                           : activationError(weight, made, second, options.device, backend);
            };
            curve.activationError.push_back(measure(inputs.second));
            if (heldOut) curve.heldOutError.push_back(measure(heldOut->second));
            const double apart =
                rank == 0
                    ? norm
                    : distance(weight, backend.multiply(made.left, made.right, options.device));
            curve.excessError.push_back(
                norm > 0 ? excessError(apart / norm, spectrum.relativeError(rank)) : std::nullopt);
        }
    }
};

Lane laneOf(const checkpoint::Checkpoint& checkpoint, const checkpoint::WeightMatrix& matrix,
            const Method& method, const Calibration& calibration, const RaceOptions& options,
            const backend::Backend& backend) {
    Lane lane{method,
              options,
              backend,
              checkpoint.readMatrix(matrix),
              calibration.inputs(matrix.module(), false),
              {},
              {}};
    spectra::requireFinite(lane.weight, matrix.name);
    if (!calibration.record().heldOut.empty())
        lane.heldOut = calibration.inputs(matrix.module(), true);
    if (method.needs == MethodNeeds::Gradients)
        lane.gradients = calibration.gradients(matrix.module());
    return lane;
}

}  // namespace

std::vector<std::int64_t> previewRanks(const std::vector<std::int64_t>& ranks, std::int64_t rows,
                                       std::int64_t columns) {
    const double one = static_cast<double>(rows) * static_cast<double>(columns) *
                       static_cast<double>(std::min(rows, columns));
    const auto most = static_cast<std::size_t>(std::max(16.0, previewWork / one));
    if (ranks.size() <= most) return ranks;
    std::vector<std::int64_t> result;
    for (std::size_t i = 0; i < most; ++i)
        result.push_back(ranks[i * (ranks.size() - 1) / (most - 1)]);
    return result;
}

std::vector<double> activationErrors(const Matrix& weight, const backend::Factors& factors,
                                     const Matrix& second, const backend::Device& device,
                                     const backend::Backend& backend) {
    const Products products{second, device, backend};
    const double whole = products.squaredNorm(weight);
    std::vector<double> errors = factors.left.columns == 0
                                     ? std::vector<double>{whole}
                                     : squaredErrors(weight, factors, products);
    for (double& error : errors) error = products.relative(error, whole);
    return errors;
}

double activationError(const Matrix& weight, const backend::Factors& factors, const Matrix& second,
                       const backend::Device& device, const backend::Backend& backend) {
    const Products products{second, device, backend};
    const Matrix rest = difference(weight, products.times(factors.left, factors.right));
    return products.relative(products.squaredNorm(rest), products.squaredNorm(weight));
}

std::optional<double> excessError(double error, double least) {
    if (!(least > leastMeaningful)) return std::nullopt;
    return error / least - 1;
}

std::vector<RaceCurve> race(const checkpoint::Checkpoint& checkpoint,
                            std::span<const checkpoint::WeightMatrix> matrices,
                            const Calibration& calibration, const RaceOptions& options,
                            const backend::Backend& backend, const Progress& progress) {
    const std::vector<Start> starts =
        startsOf(matrices, runners(calibration, options, progress), progress);
    std::vector<RaceCurve> curves(starts.size());
    std::atomic<std::size_t> finished{0};
    runInParallel(
        curves.size(), options.threads > 0 ? options.threads : availableCores(),
        [&](std::size_t i) {
            throwIfStopped(progress);
            const auto& [matrix, method] = starts[i];
            const Lane lane = laneOf(checkpoint, *matrix, *method, calibration, options, backend);
            RaceCurve& curve = curves[i];
            curve.name = matrix->name;
            curve.method = method->name;
            curve.ranks = options.ranks(lane.fullRank());
            if (method->preview)
                lane.makeAnew(curve, progress);
            else
                lane.cutAtEveryRank(curve);
            progress.report(static_cast<double>(++finished) / static_cast<double>(curves.size()),
                            fmt::format("{} on {}", method->name, matrix->name));
        });
    return curves;
}

}  // namespace rankscope::compress
