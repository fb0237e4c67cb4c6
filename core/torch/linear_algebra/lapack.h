// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/tensor_view.h"

namespace rankscope::torch_backend {

/// Eigenvalues, ascending, of the Gram matrix of `weight` on its smaller side, computed by the BLAS
/// and LAPACK that LibTorch was linked with: dsyrk (one triangle), dsytrd, dsterf. Nothing if those
/// functions are not exported (LibTorch from PyPI): then ATen has to do it.
std::optional<std::vector<double>> gramEigenvaluesByLapack(const MatrixView& weight);

/// sum [columns, columns] += xᵀ x in its upper triangle, x [rows, columns] without gaps: parts of
/// the triangle on OpenMP's threads, dsyrk and dgemm on one core each. (Between ATen's loops the
/// threads of OpenMP spin, so that those of OpenBLAS would get half a core each.) False, and
/// nothing done, if the functions are not exported.
bool addGramByBlas(const double* x, std::int64_t rows, std::int64_t columns, double* sum);

/// "OpenBLAS 0.3.21 …" and the core in force ("SkylakeX"); empty if BLAS is another library.
std::string openBlasVersion();
std::string openBlasCore();

/// While one exists, BLAS calls of any thread use one core. BLAS gets its threads back when the
/// last one goes.
class OneCoreBlas {
 public:
    OneCoreBlas();
    OneCoreBlas(const OneCoreBlas&) = delete;
    OneCoreBlas& operator=(const OneCoreBlas&) = delete;
    ~OneCoreBlas();
};

/// The same, and ATen loops of this thread use one core too, so that several matrices can be worked
/// on at once.
class OneCorePerCall {
 public:
    OneCorePerCall();
    OneCorePerCall(const OneCorePerCall&) = delete;
    OneCorePerCall& operator=(const OneCorePerCall&) = delete;
    ~OneCorePerCall();

 private:
    OneCoreBlas m_blas;
    int m_openMpThreads = 0;
};

}  // namespace rankscope::torch_backend
