// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/tensor_view.h"

namespace rankscope::backend {

/// Singular values of one matrix.
struct SingularValues {
    std::vector<double> values;  ///< descending, float64, min(rows, columns) of them
    bool direct = false;  ///< true if the smallest eigenvalue of the Gram matrix was under 1e-13
                          ///< of the largest and a float64 SVD was made instead
};

/// a = left · diag(values) · right, k = min(m, n).
struct SingularFactors {
    Matrix left;                 // [m, k], orthonormal columns
    std::vector<double> values;  // [k], descending
    Matrix right;                // [k, n], orthonormal rows
};

/// A rank-r approximation W' = left · right.
struct Factors {
    Matrix left;   // [rows, rank]
    Matrix right;  // [rank, columns]
};

/// W' = left · right in the pivoted form: row rows[i] of W' is row i of [down; mix · down].
struct PivotedFactors {
    Matrix down;                     // [rank, columns], rows of W' itself
    Matrix mix;                      // [rows - rank, rank]
    std::vector<std::int64_t> rows;  // [rows], a permutation
    double largestMix = 0;           ///< max |mix|: near 1 is stable
};

/// Float64 linear algebra of one device (Backend::algebra()). May be called from several threads at
/// once; each call then uses one core, and on a GPU its thread's own queue.
class LinearAlgebra {
 public:
    virtual ~LinearAlgebra();

    /// Singular values of `weight` [rows, columns]: float64 Gram matrix on the smaller side and its
    /// symmetric eigenvalues; redone by a direct float64 SVD if that is not accurate (see
    /// SingularValues::direct). The caller checks that the values are finite.
    virtual SingularValues singularValues(const MatrixView& weight) const = 0;

    /// Best rank-`rank` approximation (Eckart-Young), the singular values folded into one factor:
    /// rows >= columns: right = V_rᵀ, left = W·V_r; else left = U_r, right = U_rᵀ·W. The other
    /// factor has orthonormal columns or rows. 1 <= rank <= min(rows, columns).
    virtual Factors truncatedSvd(const MatrixView& weight, std::int64_t rank) const = 0;

    /// The singular value decomposition of a [m, n], directly (no Gram matrix).
    virtual SingularFactors singularFactors(const MatrixView& a) const = 0;

    /// The rank-`rank` W' nearest to W [m, n] if errors are measured by ‖L (W - W') S‖_F, with S Sᵀ
    /// = `inputs` [n, n] and Lᵀ L = `outputs` [m, m] (empty: the identity). Both symmetric,
    /// positive semidefinite; `inputs` may be singular, `outputs` must be positive definite.
    /// Components come in order of importance, so the first r columns of left and rows of right are
    /// the best of rank r. Without `outputs` left has orthonormal columns U and W' = U Uᵀ W; no
    /// inverse is taken (docs/methods/approximation.md "Whitened").
    virtual Factors metricFactors(const MatrixView& weight, const MatrixView& inputs,
                                  const MatrixView& outputs, std::int64_t rank) const = 0;

    /// Q [m, n] with orthonormal columns that span those of a [m, n], m >= n (Householder QR).
    virtual Matrix orthonormalBasis(const MatrixView& a) const = 0;

    /// b [m, n] · a⁻¹ for a symmetric, positive definite a [n, n]. Throws Error if it is not.
    virtual Matrix divide(const MatrixView& b, const MatrixView& a) const = 0;

    /// The same matrix with r(m + n) - r² numbers: `rank` rows of W' are kept and the others are
    /// combinations of them (docs/methods/storage.md "Pivoted storage"). Rows are chosen by
    /// pivoting and exchanged until max |mix| <= 1.05, so that rounding is not amplified.
    virtual PivotedFactors pivot(const Factors& factors) const = 0;

    /// a [m, k] · b [k, n], float64.
    virtual Matrix multiply(const MatrixView& a, const MatrixView& b) const = 0;
};

}  // namespace rankscope::backend
