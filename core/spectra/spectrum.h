// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/shape.h"

namespace rankscope::spectra {

/// Singular values of one weight matrix and the numbers that follow from them by arithmetic alone.
/// Ranks run from 0 (nothing kept) to size() (everything kept).
class Spectrum {
 public:
    Spectrum() = default;
    /// `singularValues` must be finite, non-negative, descending, min(rows, columns) of them;
    /// throws Error naming the matrix otherwise.
    Spectrum(std::string name, std::int64_t rows, std::int64_t columns,
             std::vector<double> singularValues, bool direct = false);

    const std::string& name() const { return m_name; }
    std::int64_t rows() const { return m_rows; }
    std::int64_t columns() const { return m_columns; }
    const std::vector<double>& singularValues() const { return m_values; }
    std::int64_t size() const { return static_cast<std::int64_t>(m_values.size()); }
    /// Whether a direct SVD was needed (backend::SingularValues::direct).
    bool direct() const { return m_direct; }

    /// ‖W - W_r‖_F = sqrt(Σ_{i>r} s_i²), summed from the smallest value up (Eckart-Young-Mirsky).
    double error(std::int64_t rank) const;
    /// error(rank) / ‖W‖_F; 0 for a zero matrix.
    double relativeError(std::int64_t rank) const;
    /// Kept energy E_r = Σ_{i<=r} s_i² / Σ s_i²; 1 for a zero matrix.
    double energy(std::int64_t rank) const;
    /// Smallest rank >= 1 with energy(rank) >= energy, for 0 < energy <= 1.
    std::int64_t rankForEnergy(double energy) const;
    /// Smallest rank >= 1 with relativeError(rank) <= errorWanted, for errorWanted >= 0.
    std::int64_t rankForError(double errorWanted) const;
    /// ‖W‖_F
    double frobeniusNorm() const { return error(0); }

 private:
    std::string m_name;
    std::int64_t m_rows = 0;
    std::int64_t m_columns = 0;
    std::vector<double> m_values;  // descending, [min(rows, columns)]
    std::vector<double> m_tail;    // m_tail[r] = Σ_{i>r} s_i², [size + 1]
    bool m_direct = false;
};

}  // namespace rankscope::spectra
