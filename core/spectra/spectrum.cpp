// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/spectrum.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/error.h"

namespace rankscope::spectra {

namespace {

void requireValid(const std::string& name, std::int64_t rows, std::int64_t columns,
                  const std::vector<double>& values) {
    const std::string matrix = "The spectrum of \"" + printable(name) + "\" ";
    if (rows < 1 || columns < 1) {
        throw Error(matrix + "has a shape with no elements: [" + std::to_string(rows) + ", " +
                        std::to_string(columns) + "].",
                    name);
    }
    const std::int64_t expected = std::min(rows, columns);
    if (static_cast<std::int64_t>(values.size()) != expected) {
        throw Error(matrix + "has " + std::to_string(values.size()) +
                        " singular values, but its shape needs " + std::to_string(expected) + ".",
                    name);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i]) || values[i] < 0) {
            throw Error(matrix + "has a singular value that is negative or not finite at index " +
                            std::to_string(i) + ".",
                        name);
        }
        if (i > 0 && values[i] > values[i - 1]) {
            throw Error(matrix + "is not in descending order at index " + std::to_string(i) + ".",
                        name);
        }
    }
}

}  // namespace

Spectrum::Spectrum(std::string name, std::int64_t rows, std::int64_t columns,
                   std::vector<double> singularValues, bool direct)
    : m_name(std::move(name)),
      m_rows(rows),
      m_columns(columns),
      m_values(std::move(singularValues)),
      m_direct(direct) {
    requireValid(m_name, m_rows, m_columns, m_values);
    // From the smallest value up, so that small tails are not lost in large sums.
    m_tail.assign(m_values.size() + 1, 0.0);
    for (std::size_t i = m_values.size(); i-- > 0;)
        m_tail[i] = m_tail[i + 1] + m_values[i] * m_values[i];
    if (!m_tail.empty() && !std::isfinite(m_tail[0])) {
        throw Error("The singular values of \"" + printable(m_name) +
                        "\" are too large: the sum of their squares overflows float64.",
                    m_name);
    }
}

double Spectrum::error(std::int64_t rank) const {
    if (m_tail.empty()) return 0;
    const std::int64_t kept = std::clamp<std::int64_t>(rank, 0, size());
    return std::sqrt(m_tail[static_cast<std::size_t>(kept)]);
}

double Spectrum::relativeError(std::int64_t rank) const {
    const double whole = error(0);
    return whole > 0 ? error(rank) / whole : 0;
}

double Spectrum::energy(std::int64_t rank) const {
    if (m_tail.empty() || m_tail[0] == 0) return 1;
    const std::int64_t kept = std::clamp<std::int64_t>(rank, 0, size());
    return 1 - m_tail[static_cast<std::size_t>(kept)] / m_tail[0];
}

std::int64_t Spectrum::rankForEnergy(double energyWanted) const {
    std::int64_t low = 1;
    std::int64_t high = std::max<std::int64_t>(size(), 1);
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (energy(middle) >= energyWanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

std::int64_t Spectrum::rankForError(double errorWanted) const {
    std::int64_t low = 1;
    std::int64_t high = std::max<std::int64_t>(size(), 1);
    while (low < high) {
        const std::int64_t middle = low + (high - low) / 2;
        if (relativeError(middle) <= errorWanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

}  // namespace rankscope::spectra
