// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/base/matrix.h"

namespace rankscope::method {

inline const backend::Backend& engine() { return backend::loadBackend({}); }

inline Matrix gaussian(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    Matrix matrix{std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns};
    for (double& value : matrix.values) value = normal(random);
    return matrix;
}

inline Matrix times(const Matrix& a, const Matrix& b) {
    return engine().algebra({}).multiply(a, b);
}

/// Inputs whose channels go together and differ in size.
inline Matrix inputs(std::int64_t width, std::int64_t tokens, std::uint64_t seed) {
    Matrix mix = gaussian(width, width, seed);
    for (std::size_t i = 0; i < mix.values.size(); ++i)
        mix.values[i] *= std::pow(0.8, static_cast<double>(i % static_cast<std::size_t>(width)));
    return times(mix, gaussian(width, tokens, seed + 1));
}

inline backend::InputMoments momentsOf(const Matrix& x) {
    backend::InputMoments moments;
    moments.tokens = x.columns;
    moments.second = times(x, transposed(x));
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double sum = 0;
        for (std::int64_t j = 0; j < x.columns; ++j)
            sum += std::abs(x.values[static_cast<std::size_t>(i * x.columns + j)]);
        moments.absolute.push_back(sum);
    }
    return moments;
}

}  // namespace rankscope::method
