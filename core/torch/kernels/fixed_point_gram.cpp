// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/fixed_point_gram.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/base/parallel.h"
#include "core/torch/kernels/fixed_point_kernels.h"

namespace rankscope::torch_backend {

namespace {

using std::int64_t;
using std::int8_t;

constexpr int64_t blockSize = blockFeatures * blockFeatures;

/// The largest power of two that keeps `largest` within largestFixed. Bounded so that it and its
/// inverse are normal numbers; a column below 2^-103 everywhere loses bits by that.
int exponentFor(float largest) {
    if (largest == 0) return 0;
    int exponent = 0;
    const float fraction = std::frexp(largest, &exponent);  // largest = fraction · 2^exponent
    constexpr int bits = 8 * digits - 1;
    const bool fits = std::ldexp(double{fraction}, bits) <= largestFixed;
    return std::min((fits ? bits : bits - 1) - exponent, 126);
}

/// Sums over features starting at `left` and at `right`.
struct Block {
    int64_t left = 0, right = 0;
};

/// Blocks that are not below the diagonal, row by row.
Block blockOf(int64_t index, int64_t across) {
    int64_t row = 0;
    while (index >= across - row) index -= across - row++;
    return {row * blockFeatures, (row + index) * blockFeatures};
}

}  // namespace

bool FixedPointGram::fast() {
    static const bool can = mayUseAmx();
    return can;
}

FixedPointGram::FixedPointGram(GramPath path) : m_path(path) {}

bool FixedPointGram::add(const float* x, int64_t rows, int64_t width, int64_t stride, double* sum,
                         double* absolute) {
    m_x = x;
    m_rows = rows;
    m_width = width;
    m_stride = stride;
    measureColumns(absolute);
    if (!std::all_of(absolute, absolute + width, [](double value) { return std::isfinite(value); }))
        return false;
    split();
    const auto threads = static_cast<std::size_t>(omp_get_max_threads());
    if (m_threads < threads) m_sums = alignedMemory<int64_t>(threads * blockSize);
    m_threads = std::max(m_threads, threads);
    const int64_t across = dividedUp(width, blockFeatures);
#pragma omp parallel for schedule(dynamic)
    for (int64_t block = 0; block < across * (across + 1) / 2; ++block)
        addBlock(block, m_sums.get() + omp_get_thread_num() * blockSize, sum);
    return true;
}

void FixedPointGram::measureColumns(double* absolute) {
    const auto padded = static_cast<std::size_t>(dividedUp(m_width, tileFeatures) * tileFeatures);
    m_largest.assign(padded, 0);
    m_scales.resize(padded);
    m_units.resize(padded);
    // Parts of rows one after the other, so that no bit depends on the number of threads.
    constexpr int64_t columns = 512;
    const int64_t parts = dividedUp(m_rows, partRows);
    const int64_t across = dividedUp(m_width, columns);
    std::vector<float> largest(static_cast<std::size_t>(parts) * padded);
    std::vector<double> sums(largest.size());
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < parts * across; ++i) {
        const int64_t row = i / across * partRows;
        const int64_t from = i % across * columns;
        const auto place = i / across * static_cast<int64_t>(padded) + from;
        kernelsOf(m_path).columnSums({m_x + row * m_stride + from, std::min(partRows, m_rows - row),
                                      std::min(columns, m_width - from), m_stride},
                                     largest.data() + place, sums.data() + place);
    }
    for (std::size_t i = 0; i < largest.size(); ++i) {
        const std::size_t j = i % padded;
        m_largest[j] = std::max(m_largest[j], largest[i]);
        if (j < static_cast<std::size_t>(m_width)) absolute[j] += sums[i];
    }
    for (std::size_t j = 0; j < padded; ++j) {
        const int exponent = exponentFor(m_largest[j]);
        m_scales[j] = std::ldexp(1.0F, exponent);
        m_units[j] = std::ldexp(1.0, -exponent);
    }
}

void FixedPointGram::split() {
    const auto groups = static_cast<int64_t>(m_scales.size()) / tileFeatures;
    const int64_t parts = dividedUp(m_rows, partRows);
    const auto bytes = static_cast<std::size_t>(parts * groups * featureBytes);
    if (m_bytes < bytes) {
        m_left = alignedMemory<std::int8_t>(bytes);
        m_right = alignedMemory<std::int8_t>(bytes);
        m_bytes = bytes;
    }
    // Neighbours together: 512 bytes of a row are read faster than 64.
    constexpr int64_t stripFeatures = 8 * tileFeatures;
    const int64_t strips = dividedUp(m_width, stripFeatures);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < parts * strips; ++i) {
        const int64_t row = i / strips * partRows;
        const int64_t feature = i % strips * stripFeatures;
        const int64_t place = (i / strips * groups + feature / tileFeatures) * featureBytes;
        kernelsOf(m_path).split(
            {m_x + row * m_stride + feature, std::min(partRows, m_rows - row), m_stride,
             std::min(stripFeatures, m_width - feature), m_scales.data() + feature},
            m_left.get() + place, m_right.get() + place);
    }
}

void FixedPointGram::addBlock(int64_t index, int64_t* sums, double* sum) const {
    const auto groups = static_cast<int64_t>(m_scales.size()) / tileFeatures;
    const Block block = blockOf(index, dividedUp(m_width, blockFeatures));
    std::fill(sums, sums + blockSize, 0);
    const auto groupsFrom = [&](int64_t feature) {
        return std::min(blockFeatures / tileFeatures, groups - feature / tileFeatures);
    };
    const bool diagonal = block.left == block.right;
    const int64_t partBytes = groups * featureBytes;
    const int8_t* left = m_left.get() + block.left / tileFeatures * featureBytes;
    const int8_t* right = m_right.get() + block.right / tileFeatures * featureBytes;
    double* const to = sum + block.left * m_width + block.right;
    for (int64_t row = 0; row < m_rows; row += partRows, left += partBytes, right += partBytes) {
        BlockProduct product{left, right};
        if (row + partRows < m_rows) {
            product.soonLeft = left + partBytes;
            product.soonRight = right + partBytes;
        } else {
            product.soonSums = to;
            product.soonStride = m_width;
        }
        product.leftGroups = groupsFrom(block.left);
        product.rightGroups = groupsFrom(block.right);
        product.diagonal = diagonal;
        product.tiles = dividedUp(std::min(partRows, m_rows - row), tileRows);
        product.sums = sums;
        kernelsOf(m_path).multiply(product);
    }
    kernelsOf(m_path).addScaled({sums, std::min(blockFeatures, m_width - block.left),
                                 std::min(blockFeatures, m_width - block.right), diagonal,
                                 m_units.data() + block.left, m_units.data() + block.right, to,
                                 m_width});
}

}  // namespace rankscope::torch_backend
