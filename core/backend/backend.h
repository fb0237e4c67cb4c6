// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/device.h"
#include "core/backend/seq2seq.h"
#include "core/base/option.h"
#include "core/base/tensor_view.h"

namespace rankscope::backend {

/// What is in force once LibTorch is loaded; `doctor` shows it.
struct BackendInfo {
    std::string libraryPath;     ///< of our backend library
    std::string torchVersion;    ///< e.g. "1.13.1"
    std::string blas;            ///< e.g. "OpenBLAS 0.3.21"
    std::string blasCore;        ///< openblas_get_corename(); empty for other BLAS
    std::string blasCoreChosen;  ///< OPENBLAS_CORETYPE when it was loaded; empty for other BLAS
    int threads = 1;             ///< ATen's
    bool cudaBuilt = false;
    std::vector<std::string> gpus;  ///< names of usable CUDA devices
    std::string cudaReason;         ///< why CUDA is not usable, a sentence; empty where it is
};

/// Singular values of one matrix.
struct SingularValues {
    std::vector<double> values;  ///< descending, float64, min(rows, columns) of them
    bool direct = false;  ///< true where the smallest eigenvalue of the Gram matrix was under 1e-13
                          ///< of the largest and a float64 SVD was made instead
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

class LayerWalk;      // moments.h
struct WalkExamples;  // moments.h

/// All that LibTorch computes for the rest of the program. Torch-free interface, implemented by
/// the library that loadBackend() opens. Methods may be called from several threads at once; each
/// call then uses one core, and on a GPU a queue of its thread's own.
class Backend {
 public:
    virtual ~Backend();

    virtual BackendInfo info() const = 0;

    /// Turns "auto|cpu|cuda[:N]" into a device. "auto" takes CUDA where it is usable. Throws Error
    /// saying why where CUDA was asked for and cannot be had.
    virtual Device chooseDevice(std::string_view name) const = 0;

    /// Singular values of `weight` [rows, columns]: float64 Gram matrix on the smaller side and its
    /// symmetric eigenvalues; redone by a direct float64 SVD where that is not accurate (see
    /// SingularValues::direct). Values must be finite: checked by the caller.
    virtual SingularValues singularValues(const MatrixView& weight, const Device& device) const = 0;

    /// Best rank-`rank` approximation (Eckart-Young), the singular values folded into one factor:
    /// rows >= columns: right = V_rᵀ, left = W·V_r; else left = U_r, right = U_rᵀ·W. The other
    /// factor has orthonormal columns or rows. 1 <= rank <= min(rows, columns).
    virtual Factors truncatedSvd(const MatrixView& weight, std::int64_t rank,
                                 const Device& device) const = 0;

    /// The rank-`rank` W' nearest to W [m, n] where errors count as ‖L (W - W') S‖_F, with S Sᵀ =
    /// `inputs` [n, n] and Lᵀ L = `outputs` [m, m] (empty: the identity). Both symmetric, positive
    /// semidefinite; `inputs` may be singular, `outputs` must be positive definite. Components come
    /// in order of importance, so the first r columns of left and rows of right are the best of
    /// rank r. Without `outputs` left has orthonormal columns U and W' = U Uᵀ W; no inverse is
    /// taken (docs/methods.md "Whitened").
    virtual Factors metricFactors(const MatrixView& weight, const MatrixView& inputs,
                                  const MatrixView& outputs, std::int64_t rank,
                                  const Device& device) const = 0;

    /// Q [m, n] with orthonormal columns that span those of a [m, n], m >= n (Householder QR).
    virtual Matrix orthonormalBasis(const MatrixView& a, const Device& device) const = 0;

    /// b [m, n] · a⁻¹ for a symmetric, positive definite a [n, n]. Throws Error where it is not.
    virtual Matrix divide(const MatrixView& b, const MatrixView& a, const Device& device) const = 0;

    /// The same matrix with r(m + n) - r² numbers: `rank` rows of W' are kept and the others
    /// written as combinations of them (methods.md "Pivoted storage"). Rows are chosen by
    /// pivoting and exchanged until max |mix| <= 1.05, so that rounding is not amplified.
    virtual PivotedFactors pivot(const Factors& factors) const = 0;

    /// a [m, k] · b [k, n], float64.
    virtual Matrix multiply(const MatrixView& a, const MatrixView& b,
                            const Device& device) const = 0;

    /// Builds a T5 from the weights of `source`, read one after the other. Throws Error naming the
    /// tensor whose shape or type does not fit `dimensions`.
    virtual std::unique_ptr<Seq2Seq> openSeq2Seq(const T5Dimensions& dimensions,
                                                 const WeightSource& source,
                                                 const Seq2SeqOptions& options,
                                                 const Progress& progress) const = 0;

    /// Walks a T5 and its compressed twin over these examples, teacher-forced, group of layers by
    /// group of layers (moments.h). Layers are read from `source` when they are met: it must
    /// outlive the walk. Memory: two models' hidden states of all examples, two layers' weights.
    virtual std::unique_ptr<LayerWalk> openLayerWalk(const T5Dimensions& dimensions,
                                                     const WeightSource& source,
                                                     const Seq2SeqOptions& options,
                                                     const WalkExamples& examples,
                                                     const Progress& progress) const = 0;
};

/// The options --device and --threads.
const Option& deviceOption();
const Option& threadsOption();

/// Settings that must be known before LibTorch is loaded.
struct BackendOptions {
    int threads = 0;  ///< 0: all cores this process may use
};

/// Opens the backend library (dlopen; the first call does, later calls return the same object).
/// Sets OPENBLAS_CORETYPE by CPUID before, unless the user has set it. Throws Error saying what is
/// missing and how to get it.
const Backend& loadBackend(const BackendOptions& options);

/// The OPENBLAS_CORETYPE that suits this CPU ("SkylakeX", "Haswell", "Zen", or "" for no advice).
std::string openBlasCoreForThisCpu();

}  // namespace rankscope::backend
