// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/random_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "core/base/matrix.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/compress/planned_factors.h"
#include "core/compress/slim_products.h"
#include "core/evaluate/evaluation.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::evaluate {

namespace {

constexpr std::int64_t batchVectors = 256;
constexpr std::int64_t largestVectors = 10'000'000;

/// The seed is mixed with the FNV-1a hash of the matrix's name, so each matrix has its own vectors
/// whatever else is chosen.
class Numbers {
 public:
    Numbers(std::uint64_t seed, std::string_view name)
        : m_source(RandomNumbers(seed).next() ^ hash(name)) {}

    double uniform() { return m_source.uniform(); }

    /// N(0, 1) by Box and Muller, both numbers of a pair used.
    double normal() {
        if (m_hasSecond) {
            m_hasSecond = false;
            return m_second;
        }
        const double radius = std::sqrt(-2 * std::log(uniform() + 0x1p-54));
        const double angle = 2 * std::numbers::pi * uniform();
        m_second = radius * std::sin(angle);
        m_hasSecond = true;
        return radius * std::cos(angle);
    }

 private:
    static std::uint64_t hash(std::string_view name) {
        std::uint64_t hash = 0xCBF29CE484222325U;
        for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
        return hash;
    }

    RandomNumbers m_source;
    double m_second = 0;
    bool m_hasSecond = false;
};

/// `count` vectors as columns: [length, count]. Drawn vector by vector, so that the size of a
/// batch changes nothing.
Matrix drawVectors(Numbers& numbers, Distribution distribution, std::int64_t length,
                   std::int64_t count) {
    Matrix x{std::vector<double>(static_cast<std::size_t>(length * count)), length, count};
    for (std::int64_t j = 0; j < count; ++j)
        for (std::int64_t i = 0; i < length; ++i)
            x.values[static_cast<std::size_t>(i * count + j)] =
                distribution == Distribution::Uniform ? numbers.uniform() : numbers.normal();
    return x;
}

/// Sums over vectors, from which all figures follow.
struct Sums {
    double product = 0, original = 0, compressed = 0, difference = 0;  // ⟨y,y'⟩ ‖y‖² ‖y'‖² ‖y-y'‖²
    double cosines = 0;

    /// Two zero vectors point the same way; a zero and another do not.
    static double cosine(double product, double a, double b) {
        if (a == 0 && b == 0) return 1;
        return a == 0 || b == 0 ? 0 : product / (std::sqrt(a) * std::sqrt(b));
    }

    void add(const Matrix& y, const Matrix& z) {
        for (std::int64_t j = 0; j < y.columns; ++j) {
            Sums one;
            for (std::int64_t i = 0; i < y.rows; ++i) {
                const double a = y.values[static_cast<std::size_t>(i * y.columns + j)];
                const double b = z.values[static_cast<std::size_t>(i * y.columns + j)];
                one.product += a * b;
                one.original += a * a;
                one.compressed += b * b;
                one.difference += (a - b) * (a - b);
            }
            product += one.product;
            original += one.original;
            compressed += one.compressed;
            difference += one.difference;
            cosines += cosine(one.product, one.original, one.compressed);
        }
    }
};

/// ⟨W, W'⟩ / (‖W‖ ‖W'‖): the pooled cosine for inputs without a direction. For a projection
/// W' = U Uᵀ W it is the root of the kept energy, which the plan may know.
double isotropicCosine(const plan::PlanEntry& entry, const Matrix& weight,
                       const backend::Factors& factors, const backend::LinearAlgebra& algebra) {
    if (entry.relativeError)
        return std::sqrt(std::max(0.0, 1 - *entry.relativeError * *entry.relativeError));
    const Matrix product = algebra.multiply(factors.left, factors.right);
    return Sums::cosine(innerProduct(weight, product), innerProduct(weight, weight),
                        innerProduct(product, product));
}

RealInputsResult onInputs(const Matrix& weight, const Matrix& approximation, const Matrix& g,
                          const backend::LinearAlgebra& algebra) {
    const Matrix rest = difference(weight, approximation);
    const auto onG = [&](const Matrix& a) { return algebra.multiply(a, g); };
    // Squared norms of products with X; rounding may take them below 0.
    const auto squared = [](const Matrix& a, const Matrix& aG) {
        return std::max(0.0, innerProduct(aG, a));
    };
    const Matrix weightG = onG(weight);
    const double original = squared(weight, weightG);
    const double lost = squared(rest, onG(rest));
    return {Sums::cosine(innerProduct(weightG, approximation), original,
                         squared(approximation, onG(approximation))),
            lost == 0 ? 0 : std::sqrt(lost) / std::sqrt(original)};
}

RandomVectorsResult compare(const compress::PlannedModel& model, const plan::PlanEntry& entry,
                            const compress::FactorSource& source,
                            const RandomVectorsOptions& options, const Progress& progress) {
    const method::Calibration* const calibration = model.calibration;
    const backend::LinearAlgebra& algebra = model.compute.algebra();
    RandomVectorsResult result;
    result.name = entry.matrix.name;
    result.rank = entry.rank;
    result.vectors = options.vectors;
    if (entry.kept) {
        result.cosineMean = result.cosinePooled = result.predictedCosine = 1;
        if (calibration != nullptr) result.onCalibration = RealInputsResult{1, 0};
        if (calibration != nullptr && !calibration->record().heldOut.empty())
            result.onHeldOut = RealInputsResult{1, 0};
        return result;
    }
    const Matrix weight = model.checkpoint.readMatrix(entry.matrix);
    spectra::requireFinite(weight, entry.matrix.name);
    const backend::Factors factors = source.factors(entry, weight);
    Numbers numbers(options.seed, entry.matrix.name);
    Sums sums;
    for (std::int64_t done = 0; done < options.vectors; done += batchVectors) {
        throwIfStopped(progress);
        const Matrix x = drawVectors(numbers, options.distribution, weight.columns,
                                     std::min(batchVectors, options.vectors - done));
        const Matrix thin = algebra.multiply(factors.right, x);
        sums.add(algebra.multiply(weight, x), algebra.multiply(factors.left, thin));
    }
    result.cosineMean = sums.cosines / static_cast<double>(options.vectors);
    result.cosinePooled = Sums::cosine(sums.product, sums.original, sums.compressed);
    result.relativeError =
        sums.difference == 0 ? 0 : std::sqrt(sums.difference) / std::sqrt(sums.original);
    result.predictedCosine = isotropicCosine(entry, weight, factors, algebra);
    if (calibration == nullptr || entry.matrix.role == checkpoint::Role::Embedding) return result;
    const Matrix approximation = algebra.multiply(factors.left, factors.right);
    const auto realInputs = [&](bool heldOut) {
        const Matrix g = calibration->inputs(entry.matrix.module(), heldOut).second;
        return onInputs(weight, approximation, g, algebra);
    };
    result.onCalibration = realInputs(false);
    if (!calibration->record().heldOut.empty()) result.onHeldOut = realInputs(true);
    return result;
}

/// first · second · x of every block, one below the other.
Matrix through(const compress::SlimProduct& product, bool cut, const Matrix& x,
               const backend::LinearAlgebra& algebra) {
    Matrix y{{}, 0, x.columns};
    for (const compress::ProductBlock& block : product.blocks) {
        const Matrix part =
            algebra.multiply(cut ? block.cutFirst : block.first,
                             algebra.multiply(cut ? block.cutSecond : block.second, x));
        y.values.insert(y.values.end(), part.values.begin(), part.values.end());
        y.rows += part.rows;
    }
    return y;
}

RealInputsResult pooled(const compress::ProductNorms& norms) {
    const double apart = std::max(0.0, norms.original - 2 * norms.cross + norms.cut);
    return {Sums::cosine(norms.cross, norms.original, norms.cut),
            apart == 0 ? 0 : std::sqrt(apart / norms.original)};
}

RandomVectorsResult compare(const compress::PlannedModel& model,
                            const compress::SlimProduct& product,
                            const RandomVectorsOptions& options, const Progress& progress) {
    const method::Calibration* const calibration = model.calibration;
    const backend::LinearAlgebra& algebra = model.compute.algebra();
    const plan::PlanEntry& entry = *product.entries.front();
    RandomVectorsResult result;
    result.rank = entry.rank;
    result.vectors = options.vectors;
    Numbers numbers(options.seed, entry.matrix.name);
    Sums sums;
    for (std::int64_t done = 0; done < options.vectors; done += batchVectors) {
        throwIfStopped(progress);
        const Matrix x = drawVectors(numbers, options.distribution, entry.matrix.columns,
                                     std::min(batchVectors, options.vectors - done));
        sums.add(through(product, false, x, algebra), through(product, true, x, algebra));
    }
    result.cosineMean = sums.cosines / static_cast<double>(options.vectors);
    result.cosinePooled = Sums::cosine(sums.product, sums.original, sums.compressed);
    result.relativeError =
        sums.difference == 0 ? 0 : std::sqrt(sums.difference) / std::sqrt(sums.original);
    result.predictedCosine = pooled(normsOf(product, {}, algebra)).cosinePooled;
    const auto realInputs = [&](bool heldOut) {
        return pooled(
            normsOf(product, calibration->inputs(entry.matrix.module(), heldOut).second, algebra));
    };
    result.onCalibration = realInputs(false);
    if (!calibration->record().heldOut.empty()) result.onHeldOut = realInputs(true);
    return result;
}

/// Every product of a plan by slim, given for each matrix that makes it.
std::vector<RandomVectorsResult> throughProducts(const compress::PlannedModel& model,
                                                 const RandomVectorsOptions& options,
                                                 const Progress& progress) {
    const auto source = compress::factorsOf(model, progress);
    std::vector<checkpoint::WeightMatrix> matrices;
    for (const plan::PlanEntry& entry : model.plan.entries) matrices.push_back(entry.matrix);
    const auto sublayers = method::slimSublayers(model.checkpoint, matrices);
    std::vector<RandomVectorsResult> results(matrices.size());
    std::atomic<std::size_t> finished{0};
    runInParallel(sublayers.size(), model.compute.threads, [&](std::size_t i) {
        const auto products = compress::slimProducts(
            model.checkpoint, model.plan, sublayers[i],
            [&](const plan::PlanEntry& entry) { return source.cutMatrix(entry); });
        for (const compress::SlimProduct& product : products) {
            const RandomVectorsResult result = compare(model, product, options, progress);
            for (const plan::PlanEntry* entry : product.entries) {
                RandomVectorsResult& own =
                    results[static_cast<std::size_t>(entry - model.plan.entries.data())];
                own = result;
                own.name = entry->matrix.name;
            }
        }
        progress.report(static_cast<double>(++finished) / static_cast<double>(sublayers.size()),
                        "random vectors through " + sublayers[i].name);
    });
    return results;
}

}  // namespace

std::span<const Option> randomVectorsOptionTable() {
    static const std::vector<Option> table{
        {"vectors",
         "Vectors",
         "How many random vectors are sent through each matrix.",
         "1000",
         1,
         static_cast<double>(largestVectors),
         "",
         {}},
        {"distribution",
         "Distribution",
         "Of each vector's numbers: uniform in [0, 1) as torch.rand, or normal N(0, 1).",
         "uniform",
         {},
         {},
         "",
         {"uniform", "normal"}},
    };
    return table;
}

std::vector<RandomVectorsResult> randomVectors(const compress::PlannedModel& model,
                                               const RandomVectorsOptions& options,
                                               const Progress& progress) {
    if (options.vectors < 1 || options.vectors > largestVectors)
        throw usageError(
            fmt::format("--vectors {} is not possible: the permitted range is 1 to {}.",
                        options.vectors, largestVectors));
    if (plan::isSlim(model.plan)) return throughProducts(model, options, progress);
    const std::vector<plan::PlanEntry>& entries = model.plan.entries;
    std::vector<checkpoint::WeightMatrix> matrices;
    for (const plan::PlanEntry& entry : entries) matrices.push_back(entry.matrix);
    const std::vector<std::size_t> order = spectra::largestFirst(matrices);
    std::vector<RandomVectorsResult> results(order.size());
    std::atomic<std::size_t> finished{0};
    const auto source = compress::factorsOf(model, progress);
    runInParallel(order.size(), model.compute.threads, [&](std::size_t i) {
        throwIfStopped(progress);
        const plan::PlanEntry& entry = entries[order[i]];
        results[order[i]] = compare(model, entry, source, options, progress);
        progress.report(static_cast<double>(++finished) / static_cast<double>(order.size()),
                        "random vectors through " + entry.matrix.name);
    });
    return results;
}

Json toJson(std::span<const RandomVectorsResult> results) {
    Json list = Json::array();
    for (const RandomVectorsResult& result : results) {
        Json item = {{"name", result.name},
                     {"rank", result.rank},
                     {"vectors", result.vectors},
                     {"cosine_mean", result.cosineMean},
                     {"cosine_pooled", result.cosinePooled},
                     {"relative_error", result.relativeError},
                     {"predicted_cosine", result.predictedCosine}};
        const auto add = [&item](const char* key, const std::optional<RealInputsResult>& real) {
            if (real)
                item[key] = {{"cosine_pooled", real->cosinePooled},
                             {"relative_error", real->relativeError}};
        };
        add("on_calibration", result.onCalibration);
        add("on_held_out", result.onHeldOut);
        list.push_back(std::move(item));
    }
    return {{"results", std::move(list)}};
}

}  // namespace rankscope::evaluate
