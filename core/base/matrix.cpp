// SPDX-License-Identifier: Apache-2.0
#include "core/base/matrix.h"

namespace rankscope {

Matrix transposed(const MatrixView& a) {
    Matrix result{std::vector<double>(a.values.size()), a.columns, a.rows};
    for (std::int64_t i = 0; i < a.rows; ++i)
        for (std::int64_t j = 0; j < a.columns; ++j)
            result.values[static_cast<std::size_t>(j * a.rows + i)] =
                a.values[static_cast<std::size_t>(i * a.columns + j)];
    return result;
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
