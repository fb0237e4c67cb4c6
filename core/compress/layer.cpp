// SPDX-License-Identifier: Apache-2.0
#include "core/compress/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/base/error.h"
#include "core/compress/storage_forms.h"
#include "core/method/activation_error.h"
#include "core/method/method.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"
#include "core/plan/stored_parameters.h"
#include "core/spectra/for_each_matrix.h"
#include "core/spectra/spectrum.h"

namespace rankscope::compress {

using checkpoint::Storage;

namespace {

/// Everything the choice of a form needs about one matrix.
struct Approximation {
    const plan::PlanEntry& entry;
    const backend::Factors factors;
    const Matrix product;  // left · right [rows, columns]
    DType dtype;
    const backend::LinearAlgebra& algebra;

    StoredForm factored() const {
        return factoredForm(entry.matrix.name, factors, product, dtype, algebra);
    }
};

bool allFinite(std::span<const double> values) {
    return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
}

/// The pivoted form, or in `reason` why it is unusable.
std::optional<StoredForm> tryPivoted(const Approximation& a, double& largestMix,
                                     std::string& reason) {
    backend::PivotedFactors pivots;
    try {
        pivots = a.algebra.pivot(a.factors);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Failed) throw;
        reason = error.what();
        return std::nullopt;
    }
    largestMix = pivots.largestMix;
    if (!allFinite(pivots.down.values) || !allFinite(pivots.mix.values)) {
        reason = fmt::format("fewer than {} rows are independent", a.entry.rank);
        return std::nullopt;
    }
    StoredForm form = pivotedForm(a.entry.matrix.name, pivots, a.product, a.dtype, a.algebra);
    const bool full = a.dtype == DType::F32 || a.dtype == DType::F64;
    const double allowed = full ? 1e-5 : 2 * a.factored().rounding;
    if (form.rounding <= allowed) return form;
    reason = full ? fmt::format("it rebuilds the matrix only to {:.2g}, not to 1e-5", form.rounding)
                  : fmt::format(
                        "rounded to {} it is off by {:.2g}, more than twice the {:.2g} of "
                        "two factors",
                        dtypeName(a.dtype), form.rounding, allowed / 2);
    return std::nullopt;
}

/// The smallest exact form once pivoting is refused: two factors if they save something.
std::optional<StoredForm> withoutPivots(const Approximation& a, LayerResult& result,
                                        const std::string& reason) {
    const plan::ResolvedStorage factored =
        plan::resolveStorage(a.entry.matrix, a.entry.rank, plan::StorageChoice::Factored);
    if (factored.parameters < plan::parametersInSource(a.entry.matrix)) {
        result.note = fmt::format("Pivoted storage refused: {}; written as two factors.", reason);
        return a.factored();
    }
    result.note = fmt::format(
        "Pivoted storage refused: {}; unchanged, since two factors of rank {} save nothing.",
        reason, a.entry.rank);
    return std::nullopt;
}

/// The form to write; nothing if the matrix stays unchanged after all.
std::optional<StoredForm> chooseForm(const Approximation& a, LayerResult& result,
                                     double& largestMix) {
    switch (a.entry.storage) {
        case Storage::Dense:
            return denseForm(a.entry.matrix.name, a.product, a.dtype);
        case Storage::Factored:
            return a.factored();
        case Storage::Pivoted:
            break;
    }
    std::string reason;
    if (std::optional<StoredForm> form = tryPivoted(a, largestMix, reason)) return form;
    if (!a.entry.automatic)
        throw Error(fmt::format("{} cannot be stored pivoted at rank {}: {}. Choose --storage "
                                "factored or --dtype float32.",
                                printable(a.entry.matrix.name), a.entry.rank, reason),
                    a.entry.matrix.name);
    return withoutPivots(a, result, reason);
}

/// How far a preview's error is above that of the truncated SVD; nothing for other methods.
std::optional<double> measuredExcess(const plan::PlanEntry& entry, const Matrix& weight,
                                     double error, const backend::LinearAlgebra& algebra) {
    if (!method::methodNamed(entry.method).preview) return std::nullopt;
    const spectra::Spectrum spectrum(entry.matrix.name, weight.rows, weight.columns,
                                     algebra.singularValues(weight).values);
    return method::excessError(error, spectrum.relativeError(entry.rank));
}

void keep(const plan::PlanEntry& entry, DType dtype, double norm, Layer& layer) {
    layer.result.kept = true;
    layer.result.storage = entry.matrix.storage;
    layer.result.rank = entry.matrix.rank;
    layer.result.predictedError = 0;
    layer.tolerance =
        dtype == entry.matrix.dtype
            ? 1e-12
            : roundingAllowance(dtype, entry.matrix.storage,
                                {entry.matrix.rows, entry.matrix.columns}, entry.matrix.rank, norm);
}

}  // namespace

std::string_view storageName(const LayerResult& result) {
    return plan::storageName(result.cut, result.storage);
}

Layer makeLayer(const checkpoint::Checkpoint& source, const plan::PlanEntry& entry,
                const FactorSource& factorSource, std::optional<DType> asked,
                const backend::LinearAlgebra& algebra) {
    const checkpoint::WeightMatrix& matrix = entry.matrix;
    const DType dtype = asked.value_or(matrix.dtype);
    Layer layer;
    layer.result.name = matrix.name;
    const Matrix weight = source.readMatrix(matrix);
    spectra::requireFinite(weight, matrix.name);
    const double norm = frobeniusNorm(weight);
    if (entry.kept) {
        keep(entry, dtype, norm, layer);
        return layer;
    }
    if (entry.cut != plan::Cut::None) {
        layer.result.rank = entry.rank;
        layer.result.cut = entry.cut;
        layer.form = denseForm(matrix.name, factorSource.cutMatrix(entry), dtype);
        return layer;
    }
    backend::Factors factors = factorSource.factors(entry, weight);
    Matrix product = algebra.multiply(factors.left, factors.right);
    const double error = norm > 0 ? distance(weight, product) / norm : 0;
    const Approximation approximation{entry, std::move(factors), std::move(product), dtype,
                                      algebra};
    std::optional<StoredForm> form = chooseForm(approximation, layer.result, layer.largestMix);
    if (!form) {
        keep(entry, dtype, norm, layer);
        return layer;
    }
    layer.result.rank = entry.rank;
    layer.result.storage = form->storage;
    layer.result.predictedError = entry.relativeError.value_or(error);
    layer.result.excessError = measuredExcess(entry, weight, error, algebra);
    layer.tolerance =
        roundingAllowance(dtype, form->storage, {matrix.rows, matrix.columns}, entry.rank, norm);
    layer.form = std::move(*form);
    return layer;
}

}  // namespace rankscope::compress
