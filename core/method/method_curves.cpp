// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/method/activation_error.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/method/method_curves.h"
#include "core/spectra/for_each_matrix.h"
#include "core/spectra/spectrum.h"

namespace rankscope::method {

namespace {

constexpr double previewWork = 1e10;  // rows · columns · full rank, summed over ranks: seconds

/// The methods to run; a warning names those left out.
std::vector<const Method*> methodsToRun(const Calibration& calibration,
                                        const MethodCurvesOptions& options,
                                        const Progress& progress) {
    std::vector<const Method*> asked;
    for (const std::string& name : options.methods) {
        asked.push_back(&methodNamed(name));
        if (asked.back()->cutsHeads)
            throw usageError(
                fmt::format("{} has no rank, and so no error of a matrix by rank; "
                            "compare it with `pareto`.",
                            name));
    }
    if (asked.empty())
        for (const Method& method : methods())
            if (!method.cutsHeads) asked.push_back(&method);
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
    if (!left.empty()) progress.warn("Left out of the comparison: " + sentence);
    return chosen;
}

/// One method on one matrix.
struct MatrixAndMethod {
    const checkpoint::WeightMatrix* matrix;
    const Method* method;
};

std::vector<MatrixAndMethod> pairsOf(std::span<const checkpoint::WeightMatrix> matrices,
                                     const std::vector<const Method*>& methods,
                                     const Progress& progress) {
    std::vector<MatrixAndMethod> pairs;
    for (const checkpoint::WeightMatrix& matrix : matrices) {
        if (matrix.role == checkpoint::Role::Embedding)
            throw usageError(
                fmt::format("{} is looked up row by row: it has no inputs on which errors "
                            "could be measured. Leave it out.",
                            printable(matrix.name)),
                matrix.name);
        bool left = false;
        for (const Method* method : methods)
            if (matrix.role == checkpoint::Role::Head && method->looksAtOutputs)
                left = true;
            else
                pairs.push_back({&matrix, method});
        if (left)
            progress.warn(fmt::format(
                "{}: methods that look at gradients of outputs are left out, since a calibration "
                "keeps none of the head's.",
                printable(matrix.name)));
    }
    return pairs;
}

/// One matrix, as read for one method.
struct MethodRun {
    const Method& method;
    const MethodCurvesOptions& options;
    const backend::LinearAlgebra& algebra;
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
        if (method.factorizeWalked == nullptr) return method.factorize(input, algebra);
        // Nothing is compressed yet: X' = X, and the residual stream has no error.
        return method.factorizeWalked(input,
                                      {.modules = {},
                                       .tokens = inputs.tokens,
                                       .original = inputs.second,
                                       .cross = inputs.second,
                                       .shifted = inputs.second,
                                       .lost = {}},
                                      algebra);
    }

    std::int64_t fullRank() const { return std::min(weight.rows, weight.columns); }

    void cutAtEachRank(MethodCurve& curve) const {
        const backend::Factors all = factors(fullRank());
        const auto measure = [&](const Matrix& second, std::vector<double>& errors) {
            const auto known = activationErrors(weight, all, second, algebra);
            for (const std::int64_t rank : curve.ranks)
                errors.push_back(known[static_cast<std::size_t>(rank)]);
        };
        measure(inputs.second, curve.activationError);
        if (heldOut) measure(heldOut->second, curve.heldOutError);
    }

    /// A preview is another matrix at every rank.
    void makeAtEachRank(MethodCurve& curve, const Progress& progress) const {
        curve.ranks = previewRanks(curve.ranks, weight.rows, weight.columns);
        const spectra::Spectrum spectrum(curve.name, weight.rows, weight.columns,
                                         algebra.singularValues(weight).values);
        const double norm = frobeniusNorm(weight);
        for (const std::int64_t rank : curve.ranks) {
            throwIfStopped(progress);
            backend::Factors made{{{}, weight.rows, 0}, {{}, 0, weight.columns}};
            if (rank > 0) made = factors(rank);
            const auto measure = [&](const Matrix& second) {
                return rank == 0 ? activationErrors(weight, made, second, algebra)[0]
                                 : activationError(weight, made, second, algebra);
            };
            curve.activationError.push_back(measure(inputs.second));
            if (heldOut) curve.heldOutError.push_back(measure(heldOut->second));
            const double apart =
                rank == 0 ? norm : distance(weight, algebra.multiply(made.left, made.right));
            curve.excessError.push_back(
                norm > 0 ? excessError(apart / norm, spectrum.relativeError(rank)) : std::nullopt);
        }
    }
};

MethodRun runOf(const CalibratedModel& model, const checkpoint::WeightMatrix& matrix,
                const Method& method, const MethodCurvesOptions& options) {
    MethodRun run{method,
                  options,
                  model.compute.algebra(),
                  model.checkpoint.readMatrix(matrix),
                  model.calibration->inputs(matrix.module(), false),
                  {},
                  {}};
    spectra::requireFinite(run.weight, matrix.name);
    if (!model.calibration->record().heldOut.empty())
        run.heldOut = model.calibration->inputs(matrix.module(), true);
    if (method.needs == MethodNeeds::Gradients)
        run.gradients = model.calibration->gradients(matrix.module());
    return run;
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

std::vector<MethodCurve> methodCurves(const CalibratedModel& model,
                                      const MethodCurvesOptions& options,
                                      const Progress& progress) {
    const std::vector<MatrixAndMethod> pairs =
        pairsOf(model.matrices, methodsToRun(*model.calibration, options, progress), progress);
    std::vector<MethodCurve> curves(pairs.size());
    std::atomic<std::size_t> finished{0};
    runInParallel(curves.size(), model.compute.threads, [&](std::size_t i) {
        throwIfStopped(progress);
        const auto& [matrix, method] = pairs[i];
        const MethodRun run = runOf(model, *matrix, *method, options);
        MethodCurve& curve = curves[i];
        curve.name = matrix->name;
        curve.method = method->name;
        curve.ranks = options.ranks(run.fullRank());
        if (method->preview)
            run.makeAtEachRank(curve, progress);
        else
            run.cutAtEachRank(curve);
        progress.report(static_cast<double>(++finished) / static_cast<double>(curves.size()),
                        fmt::format("{} on {}", method->name, matrix->name));
    });
    return curves;
}

}  // namespace rankscope::method
