// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/power_law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/spectra/metrics.h"

namespace rankscope::spectra {

namespace {

/// Values whose logarithms differ by less are equal except for rounding.
constexpr double equalLogarithms = 1e-9;

PowerLawFit failure(std::string reason) {
    PowerLawFit fit;
    fit.reason = std::move(reason);
    return fit;
}

/// The distance of a tail given by its logarithms, ascending; `base` is ln x_min. S is the share
/// strictly below a value, so it is the same for equal ones.
double distance(std::span<const double> logarithms, double base, double alpha) {
    const auto count = static_cast<double>(logarithms.size());
    double largest = 0;
    std::size_t below = 0;
    for (std::size_t i = 0; i < logarithms.size(); ++i) {
        if (logarithms[i] != logarithms[below]) below = i;
        const double model = -std::expm1((1 - alpha) * (logarithms[i] - base));
        largest = std::max(largest, std::abs(model - static_cast<double>(below) / count));
    }
    return largest;
}

/// `logarithms` of all values, ascending.
std::vector<PowerLawCandidate> scanOf(const std::vector<double>& values,
                                      const std::vector<double>& logarithms,
                                      std::size_t smallestTail) {
    std::vector<PowerLawCandidate> scan;
    const std::span<const double> all(logarithms);
    for (std::size_t first = 0; first + smallestTail <= all.size(); ++first) {
        const bool repeated = first > 0 && all[first] == all[first - 1];
        if (repeated || all.back() - all[first] < equalLogarithms) continue;
        const std::span<const double> tail = all.subspan(first);
        double sum = 0;
        for (const double logarithm : tail) sum += logarithm - tail.front();
        PowerLawCandidate candidate;
        candidate.xMin = values[first];
        candidate.tail = static_cast<std::int64_t>(tail.size());
        candidate.alpha = 1 + static_cast<double>(tail.size()) / sum;
        candidate.ksDistance = distance(tail, tail.front(), candidate.alpha);
        scan.push_back(candidate);
    }
    return scan;
}

}  // namespace

PowerLawFit fitPowerLaw(std::span<const double> values, std::int64_t smallestTail) {
    const auto needed = static_cast<std::size_t>(std::max<std::int64_t>(smallestTail, 2));
    std::vector<double> sorted;
    for (const double value : values)
        if (std::isfinite(value) && value > 0) sorted.push_back(value);
    if (sorted.empty()) return failure("There is no value above 0.");
    if (sorted.size() < needed) {
        return failure(fmt::format("There are too few values above 0: {} of the {} needed.",
                                   sorted.size(), needed));
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<double> logarithms(sorted.size());
    std::transform(sorted.begin(), sorted.end(), logarithms.begin(),
                   [](double value) { return std::log(value); });
    if (logarithms.back() - logarithms.front() < equalLogarithms)
        return failure("All values are equal.");
    PowerLawFit fit;
    fit.scan = scanOf(sorted, logarithms, needed);
    if (fit.scan.empty()) {
        return failure(
            fmt::format("Every tail of at least {} values holds equal values only.", needed));
    }
    const PowerLawCandidate& best =
        *std::min_element(fit.scan.begin(), fit.scan.end(),
                          [](const auto& a, const auto& b) { return a.ksDistance < b.ksDistance; });
    fit.failed = false;
    fit.alpha = best.alpha;
    fit.standardError = (best.alpha - 1) / std::sqrt(static_cast<double>(best.tail));
    fit.xMin = best.xMin;
    fit.ksDistance = best.ksDistance;
    fit.tail = best.tail;
    return fit;
}

std::vector<double> fittedEigenvalues(const Spectrum& spectrum) {
    const std::int64_t rank = computeMetrics(spectrum).numericalRank;
    std::vector<double> eigenvalues;
    for (const double value :
         std::span(spectrum.singularValues()).first(static_cast<std::size_t>(rank)))
        eigenvalues.push_back(value * value);
    return eigenvalues;
}

PowerLawFit fitPowerLaw(const Spectrum& spectrum) {
    return fitPowerLaw(fittedEigenvalues(spectrum));
}

}  // namespace rankscope::spectra
