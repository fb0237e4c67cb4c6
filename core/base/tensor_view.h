// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "core/base/dtype.h"
#include "core/base/shape.h"

namespace rankscope {

/// Bytes of a tensor as they are in a file: little-endian, row-major; not owned.
struct TensorView {
    DType dtype = DType::F32;
    Shape shape;
    std::span<const std::byte> bytes;
};

/// A float64 matrix somebody else owns: row-major [rows, columns].
struct MatrixView {
    std::span<const double> values;  // [rows, columns]
    std::int64_t rows = 0;
    std::int64_t columns = 0;
};

/// A float64 matrix that owns its values: row-major [rows, columns].
struct Matrix {
    std::vector<double> values;  // [rows, columns]
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    operator MatrixView() const { return {values, rows, columns}; }
};

}  // namespace rankscope
