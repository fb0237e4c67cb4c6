// SPDX-License-Identifier: Apache-2.0
#include "core/base/matrix.h"

#include <cmath>

namespace rankscope {

Matrix transposed(const MatrixView& a) {
    Matrix result{std::vector<double>(a.values.size()), a.columns, a.rows};
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::int64_t j = 0; j < a.columns; ++j)
            result.values[static_cast<std::size_t>(j * a.rows + i)] =
                a.values[static_cast<std::size_t>(i * a.columns + j)];
    return result;
}

Matrix difference(const Matrix& a, const Matrix& b) {
    Matrix result = a;
    for (std::size_t i = 0; i < a.values.size(); ++i) result.values[i] -= b.values[i];
    return result;
}

double innerProduct(const MatrixView& a, const MatrixView& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) sum += a.values[i] * b.values[i];
    return sum;
}

double distance(const MatrixView& a, const MatrixView& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        const double d = a.values[i] - b.values[i];
        sum += d * d;
    }
    return std::sqrt(sum);
}

double frobeniusNorm(const MatrixView& a) {
    double sum = 0;
    for (const double value : a.values) sum += value * value;
    return std::sqrt(sum);
}

double unitRoundoff(DType dtype) {
    switch (dtype) {
        case DType::F16:
            return 0x1p-11;
        case DType::BF16:
            return 0x1p-8;
        case DType::F64:
            return 0x1p-53;
        default:
            return 0x1p-24;
    }
}

}  // namespace rankscope
