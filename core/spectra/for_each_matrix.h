// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/progress.h"
#include "core/base/tensor_view.h"
#include "core/checkpoint/checkpoint.h"

namespace rankscope::spectra {

/// Reads every matrix, the largest first, and calls work(its place in `matrices`, W) on `threads`
/// threads at once (0: one per core). After each it reports "`doing` NAME (3 of 10)". Throws Error
/// naming the tensor and the first position of a value that is NaN or infinite, whatever `work`
/// throws, and Error of kind Interrupted on a stop, which is checked before each matrix.
void forEachMatrix(const checkpoint::Checkpoint& checkpoint,
                   std::span<const checkpoint::WeightMatrix> matrices, int threads,
                   std::string_view doing, const Progress& progress,
                   const std::function<void(std::size_t, const Matrix&)>& work);

/// Throws Error "…: NaN at [row, column] (2 NaN, 0 Inf in all)" if a value is not finite.
void requireFinite(const MatrixView& values, const std::string& tensorName);

/// Indices of `matrices` by falling cost of decomposition.
std::vector<std::size_t> largestFirst(std::span<const checkpoint::WeightMatrix> matrices);

}  // namespace rankscope::spectra
