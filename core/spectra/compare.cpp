// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/spectra/for_each_matrix.h"
#include "core/spectra/metrics.h"

namespace rankscope::spectra {

namespace {

/// Singular values closer than this, relatively, count as equal: float32 weights are no more
/// precise.
constexpr double equalShare = 1e-6;
/// A direction is new if its cosine to every old one is below this (PEFT's cut).
constexpr double nearCosine = 0.5;

/// Leading directions of a spectrum: `wanted`, no more than its numerical rank, none of equal
/// singular values left out.
std::int64_t directionsOf(const Spectrum& spectrum, std::int64_t wanted) {
    const std::vector<double>& values = spectrum.singularValues();
    const std::int64_t rank = computeMetrics(spectrum).numericalRank;
    std::int64_t count = std::min(wanted, rank);
    while (count > 0 && count < rank &&
           values[static_cast<std::size_t>(count)] >=
               values[static_cast<std::size_t>(count - 1)] * (1 - equalShare))
        ++count;
    return count;
}

double dot(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// Makes the rows orthonormal, first to last (Gram and Schmidt, twice): one factor of a truncated
/// SVD already has orthogonal rows, except for rounding, and lengths s_i.
void orthonormaliseRows(Matrix& matrix) {
    const auto length = static_cast<std::size_t>(matrix.columns);
    const auto row = [&](std::int64_t i) {
        return std::span(matrix.values).subspan(static_cast<std::size_t>(i) * length, length);
    };
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
        for (int pass = 0; pass < 2; ++pass) {
            for (std::int64_t j = 0; j < i; ++j) {
                const double share = dot(row(i), row(j));
                for (std::size_t k = 0; k < length; ++k) row(i)[k] -= share * row(j)[k];
            }
            const double norm = std::sqrt(dot(row(i), row(i)));
            for (double& value : row(i)) value /= norm;
        }
    }
}

/// Leading singular vectors as rows: left [k, rows], right [k, columns].
struct Subspaces {
    Matrix left, right;
};

Subspaces subspacesOf(const MatrixView& weight, std::int64_t count,
                      const backend::LinearAlgebra& algebra) {
    backend::Factors factors = algebra.truncatedSvd(weight, count);
    Subspaces result{transposed(factors.left), std::move(factors.right)};
    orthonormaliseRows(result.left);
    orthonormaliseRows(result.right);
    return result;
}

/// Of two sets of orthonormal rows, descending.
std::vector<double> cosines(const Matrix& a, const Matrix& b,
                            const backend::LinearAlgebra& algebra) {
    const Matrix product = algebra.multiply(a, transposed(b));
    std::vector<double> values = algebra.singularValues(product).values;
    for (double& value : values) value = std::min(value, 1.0);  // above 1 by rounding only
    return values;
}

/// How many rows of `directions` [k, rows] are not near any left singular vector of `weight`.
std::int64_t countIntruders(const Matrix& directions, const MatrixView& weight,
                            const Spectrum& spectrum, const backend::LinearAlgebra& algebra) {
    const std::int64_t rank = computeMetrics(spectrum).numericalRank;
    const Matrix left = algebra.truncatedSvd(weight, rank).left;  // lengths vary
    std::vector<double> lengths(static_cast<std::size_t>(rank));
    for (std::size_t i = 0; i < left.values.size(); ++i)
        lengths[i % lengths.size()] += left.values[i] * left.values[i];
    const Matrix product = algebra.multiply(directions, left);
    const std::vector<double>& values = spectrum.singularValues();
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < product.rows; ++i) {
        double nearest = 0;  // squared
        double together = 0;
        for (std::size_t j = 0; j < lengths.size(); ++j) {
            const bool equal = j > 0 && values[j] >= values[j - 1] * (1 - equalShare);
            const double one = product.values[static_cast<std::size_t>(i * rank) + j];
            together = (equal ? together : 0) + one * one / lengths[j];
            nearest = std::max(nearest, together);
        }
        count += nearest < nearCosine * nearCosine ? 1 : 0;
    }
    return count;
}

/// The difference that rounding the stored numbers of one matrix of Frobenius norm `norm` can
/// cause.
double roundingOf(const checkpoint::WeightMatrix& matrix, double norm) {
    const double size = unitRoundoff(matrix.dtype) * norm;
    switch (matrix.storage) {
        case checkpoint::Storage::Dense:
            return size * (1 / std::sqrt(static_cast<double>(matrix.rows)) +
                           1 / std::sqrt(static_cast<double>(matrix.columns)));
        case checkpoint::Storage::Factored:
            return 2 * size;
        case checkpoint::Storage::Pivoted:
            break;
    }
    return 4 * size;
}

std::string shapeOf(const checkpoint::WeightMatrix& matrix) {
    return fmt::format("[{}, {}]", matrix.rows, matrix.columns);
}

Matrix subtract(const MatrixView& a, const MatrixView& b) {
    Matrix result{{a.values.begin(), a.values.end()}, a.rows, a.columns};
    for (std::size_t i = 0; i < b.values.size(); ++i) result.values[i] -= b.values[i];
    return result;
}

}  // namespace

MatchedMatrices matchMatrices(const checkpoint::Checkpoint& a, const checkpoint::Checkpoint& b,
                              const checkpoint::Selection& selection) {
    std::vector<checkpoint::WeightMatrix> all(a.matrices().begin(), a.matrices().end());
    for (const checkpoint::WeightMatrix& matrix : b.matrices())
        if (!a.findMatrix(matrix.name)) all.push_back(matrix);
    MatchedMatrices result;
    for (const checkpoint::WeightMatrix& matrix : checkpoint::selectMatrices(all, selection)) {
        const checkpoint::WeightMatrix* inA = a.findMatrix(matrix.name);
        const checkpoint::WeightMatrix* inB = b.findMatrix(matrix.name);
        if (!inA || !inB) {
            result.skipped.push_back(
                {matrix.name, fmt::format("It is not in {}.", printable((inA ? b : a).label()))});
        } else if (inA->rows != inB->rows || inA->columns != inB->columns) {
            result.skipped.push_back({matrix.name, fmt::format("Its shapes are {} and {}.",
                                                               shapeOf(*inA), shapeOf(*inB))});
        } else {
            result.pairs.push_back({*inA, *inB});
        }
    }
    if (result.pairs.empty()) {
        const SkippedMatrix& first = result.skipped.front();
        throw Error(fmt::format("{} and {} have no chosen matrix in common. The first is {}: {} "
                                "Compare checkpoints of one architecture.",
                                printable(a.label()), printable(b.label()), printable(first.name),
                                first.reason),
                    first.name);
    }
    return result;
}

double roundingLevel(const MatrixPair& pair, double normA, double normB) {
    return roundingOf(pair.a, normA) + roundingOf(pair.b, normB);
}

MatrixComparison compareMatrix(const ComparedMatrix& a, const ComparedMatrix& b, double rounding,
                               const CompareOptions& options,
                               const backend::LinearAlgebra& algebra) {
    MatrixComparison result;
    result.name = a.spectrum.name();
    result.a = a.spectrum;
    result.b = b.spectrum;
    auto values = algebra.singularValues(subtract(a.weight, b.weight));
    result.difference = Spectrum(result.name, a.weight.rows, a.weight.columns,
                                 std::move(values.values), values.direct);
    const double norm = result.difference.frobeniusNorm();
    if (norm > 0) {
        result.relativeDifference = norm / a.spectrum.frobeniusNorm();  // infinite if A = 0
        result.rank90 = result.difference.rankForEnergy(0.9);
        result.rank99 = result.difference.rankForEnergy(0.99);
    }
    const std::vector<double>& differences = result.difference.singularValues();
    result.numericalRank = std::count_if(differences.begin(), differences.end(),
                                         [&](double value) { return value > rounding; });
    result.directionsA = directionsOf(a.spectrum, options.directions);
    result.directionsB = directionsOf(b.spectrum, options.directions);
    if (result.directionsA > 0 && result.directionsB > 0) {
        const Subspaces ofA = subspacesOf(a.weight, result.directionsA, algebra);
        const Subspaces ofB = subspacesOf(b.weight, result.directionsB, algebra);
        result.leftCosines = cosines(ofA.left, ofB.left, algebra);
        result.rightCosines = cosines(ofA.right, ofB.right, algebra);
        result.intruders = countIntruders(ofB.left, a.weight, a.spectrum, algebra);
    }
    return result;
}

std::vector<MatrixComparison> compareCheckpoints(const ComparedCheckpoints& compared,
                                                 const CompareOptions& options,
                                                 const backend::Compute& compute,
                                                 const Progress& progress) {
    const ComparedCheckpoint& a = compared.a;
    const ComparedCheckpoint& b = compared.b;
    const std::span<const MatrixPair> pairs = compared.pairs;
    std::vector<MatrixComparison> results(pairs.size());
    std::mutex mutex;
    std::size_t done = 0;
    const auto work = [&](std::size_t i) {
        throwIfStopped(progress);
        const MatrixPair& pair = pairs[i];
        const Matrix ofA = a.checkpoint.readMatrix(pair.a);
        const Matrix ofB = b.checkpoint.readMatrix(pair.b);
        requireFinite(ofA, pair.a.name);
        requireFinite(ofB, pair.b.name);
        const double rounding =
            roundingLevel(pair, a.spectra[i].frobeniusNorm(), b.spectra[i].frobeniusNorm());
        results[i] = compareMatrix({ofA, a.spectra[i]}, {ofB, b.spectra[i]}, rounding, options,
                                   compute.algebra());
        const std::scoped_lock lock(mutex);
        ++done;
        progress.report(static_cast<double>(done) / static_cast<double>(pairs.size()),
                        fmt::format("{} ({} of {})", printable(pair.a.name), done, pairs.size()));
    };
    // One worker feeds a GPU.
    runInParallel(pairs.size(), compute.device.cuda ? 1 : compute.threads, work);
    return results;
}

}  // namespace rankscope::spectra
