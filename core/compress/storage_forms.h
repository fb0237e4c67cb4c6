// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/matrix.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::compress {

/// One tensor ready to be written.
struct FormTensor {
    checkpoint::TensorToWrite description;
    std::vector<std::byte> bytes;
};

/// W' in one storage form, rounded to the file's dtype.
struct StoredForm {
    checkpoint::Storage storage = checkpoint::Storage::Dense;
    std::vector<FormTensor> tensors;
    double rounding = 0;  ///< ‖W~ - W'‖_F / ‖W'‖_F; W~ from the rounded numbers
};

/// Each form of W' = left·right; `name` is the dense tensor name. `product` is left·right.
/// Throws Error naming the tensor if a number does not fit into `dtype`.
StoredForm denseForm(const std::string& name, const Matrix& product, DType dtype);
StoredForm factoredForm(const std::string& name, const backend::Factors& factors,
                        const Matrix& product, DType dtype, const backend::LinearAlgebra& algebra);
StoredForm pivotedForm(const std::string& name, const backend::PivotedFactors& factors,
                       const Matrix& product, DType dtype, const backend::LinearAlgebra& algebra);

/// Row rows[i] of the result is row i of [down; mix·down].
Matrix placeRows(const Matrix& down, const Matrix& mixed, std::span<const std::int64_t> rows);

/// Numbers rounded to `dtype`, little-endian. Throws Error naming `tensor` if a finite number
/// becomes infinite.
std::vector<std::byte> roundTo(DType dtype, std::span<const double> values,
                               const std::string& tensor);

/// Bound of ‖W~ - W'‖_F / ‖W‖_F for the rounding of one form; docs/methods/storage.md derives it.
/// `shape` is [rows, columns] of W.
double roundingAllowance(DType dtype, checkpoint::Storage storage, const Shape& shape,
                         std::int64_t rank, double norm);

}  // namespace rankscope::compress
