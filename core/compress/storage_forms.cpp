// SPDX-License-Identifier: Apache-2.0
#include "core/compress/storage_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/matrix.h"

namespace rankscope::compress {

using checkpoint::moduleOf;
using checkpoint::Storage;

namespace {

FormTensor makeTensor(const std::string& name, const Matrix& values, DType dtype) {
    return {{name, dtype, {values.rows, values.columns}}, roundTo(dtype, values.values, name)};
}

/// The matrix a reader gets from the rounded numbers.
Matrix readBack(const FormTensor& tensor) {
    return {toFloat64(tensor.description.dtype, tensor.bytes), tensor.description.shape[0],
            tensor.description.shape[1]};
}

FormTensor rowsTensor(const std::string& name, std::span<const std::int64_t> rows) {
    FormTensor tensor{{name, DType::I64, {static_cast<std::int64_t>(rows.size())}}, {}};
    tensor.bytes.resize(rows.size_bytes());
    std::memcpy(tensor.bytes.data(), rows.data(), rows.size_bytes());
    return tensor;
}

double relativeDistance(const Matrix& product, const Matrix& rebuilt) {
    const double norm = frobeniusNorm(product);
    const double apart = distance(product, rebuilt);
    return apart == 0 ? 0 : apart / norm;
}

}  // namespace

std::vector<std::byte> roundTo(DType dtype, std::span<const double> values,
                               const std::string& tensor) {
    // Largest number that still rounds to a finite one.
    const double limit = dtype == DType::F16    ? 65520.0
                         : dtype == DType::BF16 ? 0x1.ffp127
                         : dtype == DType::F32  ? 0x1.ffffffp127
                                                : HUGE_VAL;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (std::isfinite(values[i]) && std::abs(values[i]) >= limit)
            throw Error(fmt::format("{}: the value {:.6g} at position {} is too large for {}; "
                                    "write it as {}.",
                                    printable(tensor), values[i], i, dtypeName(dtype),
                                    dtype == DType::F16 ? "BF16 or F32" : "F64"),
                        tensor);
    return fromFloat64(dtype, values);
}

double roundingAllowance(DType dtype, Storage storage, const Shape& shape, std::int64_t rank,
                         double norm) {
    const std::int64_t rows = shape[0];
    const std::int64_t columns = shape[1];
    if (dtype == DType::F64) return 1e-6;
    if (dtype == DType::F32) return 1e-5;
    const double u = unitRoundoff(dtype);
    // Numbers below 2^-14 lose relative precision in F16; their absolute error is at most 2^-25.
    const double tiny = dtype == DType::F16 ? 0x1p-25 : 0;
    const auto root = [](std::int64_t a, std::int64_t b) {
        return std::sqrt(static_cast<double>(a) * static_cast<double>(b));
    };
    const double scale = norm > 0 ? norm : 1;
    if (storage == Storage::Dense) return u + tiny * root(rows, columns) / scale + 1e-6;
    const double factored =
        2 * u + u * u + tiny * (root(rows, rank) + root(rank, columns)) * (1 + 1 / scale) + 1e-6;
    return storage == Storage::Factored ? factored : 2 * factored;
}

Matrix placeRows(const Matrix& down, const Matrix& mixed, std::span<const std::int64_t> rows) {
    const std::int64_t columns = down.columns;
    Matrix whole{std::vector<double>(rows.size() * static_cast<std::size_t>(columns)),
                 static_cast<std::int64_t>(rows.size()), columns};
    for (std::int64_t i = 0; i < whole.rows; ++i) {
        const double* from = i < down.rows ? down.values.data() + i * columns
                                           : mixed.values.data() + (i - down.rows) * columns;
        std::copy_n(from, columns,
                    whole.values.data() + rows[static_cast<std::size_t>(i)] * columns);
    }
    return whole;
}

StoredForm denseForm(const std::string& name, const Matrix& product, DType dtype) {
    StoredForm form;
    form.storage = Storage::Dense;
    form.tensors.push_back(makeTensor(name, product, dtype));
    form.rounding = relativeDistance(product, readBack(form.tensors[0]));
    return form;
}

StoredForm factoredForm(const std::string& name, const backend::Factors& factors,
                        const Matrix& product, DType dtype, const backend::LinearAlgebra& algebra) {
    StoredForm form;
    form.storage = Storage::Factored;
    form.tensors.push_back(makeTensor(moduleOf(name) + ".down.weight", factors.right, dtype));
    form.tensors.push_back(makeTensor(moduleOf(name) + ".up.weight", factors.left, dtype));
    form.rounding = relativeDistance(
        product, algebra.multiply(readBack(form.tensors[1]), readBack(form.tensors[0])));
    return form;
}

StoredForm pivotedForm(const std::string& name, const backend::PivotedFactors& factors,
                       const Matrix& product, DType dtype, const backend::LinearAlgebra& algebra) {
    StoredForm form;
    form.storage = Storage::Pivoted;
    form.tensors.push_back(makeTensor(moduleOf(name) + ".down.weight", factors.down, dtype));
    form.tensors.push_back(makeTensor(moduleOf(name) + ".mix.weight", factors.mix, dtype));
    form.tensors.push_back(rowsTensor(moduleOf(name) + ".rows", factors.rows));
    const Matrix down = readBack(form.tensors[0]);
    Matrix mixed{{}, 0, down.columns};
    if (factors.mix.rows > 0) mixed = algebra.multiply(readBack(form.tensors[1]), down);
    form.rounding = relativeDistance(product, placeRows(down, mixed, factors.rows));
    return form;
}

}  // namespace rankscope::compress
