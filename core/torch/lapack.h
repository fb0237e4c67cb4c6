// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/tensor_view.h"

namespace rankscope::torch_backend {

/// Eigenvalues, ascending, of the Gram matrix of `weight` on its smaller side, computed by the BLAS
/// and LAPACK that LibTorch was linked with: dsyrk (one triangle), dsytrd, dsterf. Nothing where
/// those functions are not exported (LibTorch from PyPI): ATen has to do it then.
std::optional<std::vector<double>> gramEigenvaluesByLapack(const MatrixView& weight);

/// sum [columns, columns] += xᵀ x in its upper triangle, x [rows, columns] without gaps: dsyrk on
/// all threads. False, and nothing done, where it is not exported.
bool addGramByBlas(const double* x, std::int64_t rows, std::int64_t columns, double* sum);

/// The upper triangle of gram [columns, columns] = xᵀ x in float32 by ssyrk, else as above. x has
/// `stride` values from row to row.
bool gramByBlas(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                float* gram);

/// "OpenBLAS 0.3.21 …" and the core in force ("SkylakeX"); empty where BLAS is another one.
std::string openBlasVersion();
std::string openBlasCore();

/// While one exists, BLAS calls and ATen loops of this thread use one core, so that several
/// matrices can be worked on at once. BLAS gets its threads back when the last one goes.
class OneCorePerCall {
 public:
    OneCorePerCall();
    OneCorePerCall(const OneCorePerCall&) = delete;
    OneCorePerCall& operator=(const OneCorePerCall&) = delete;
    ~OneCorePerCall();

 private:
    int m_openMpThreads = 0;
};

}  // namespace rankscope::torch_backend
