// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/tensor_view.h"

namespace rankscope::method {

/// a + ridge · (mean of a's diagonal) · 1; a [n, n]. If the diagonal is zero: the identity.
inline Matrix withRidge(const Matrix& a, double ridge) {
    const auto n = static_cast<std::size_t>(a.rows);
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += a.values[i * n + i] / static_cast<double>(n);
    Matrix result = a;
    for (std::size_t i = 0; i < n; ++i) result.values[i * n + i] += mean > 0 ? ridge * mean : 1;
    return result;
}

}  // namespace rankscope::method
