// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/packed_product.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include <omp.h>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/torch/kernels/packed_kernels.h"

namespace rankscope::torch_backend {

namespace {

using std::int64_t;

/// Rows that pass a panel at once. With more, their outputs lie on more pages than the processor's
/// address cache holds.
constexpr int64_t rowsAtOnce = 128;
/// Below so many multiplications starting the other threads costs more than they save.
constexpr int64_t serialWork = int64_t{1} << 16;
/// From so many rows on threads share the copying of x.
constexpr int64_t copyTogether = 16;
/// From so many rows on a product takes long enough to be divided piece by piece.
constexpr int64_t manyRows = 64;
constexpr int64_t sharesOfManyRows = 8;  // per thread

using Part = PackedWeight::Part;

/// Part `index` of `count` items divided into `parts` nearly equal parts.
Part partOf(int64_t count, int64_t parts, int64_t index) {
    const int64_t size = count / parts;
    const int64_t longer = count % parts;
    return {index * size + std::min(index, longer), size + (index < longer ? 1 : 0)};
}

/// Panels of at most `most` vectors, the same number per thread if there are enough vectors. With
/// few rows threads then read equal shares of the weight.
int64_t panelCount(int64_t vectors, int64_t most) {
    const int64_t threads = omp_get_max_threads();
    const int64_t fewest = dividedUp(vectors, most);
    return std::min(vectors, dividedUp(fewest, threads) * threads);
}

PackedWeight::Rows checkedRows(std::span<const float> weight, int64_t rows, int64_t columns) {
    if (static_cast<int64_t>(weight.size()) != rows * columns) {
        throw Error("A weight has " + std::to_string(weight.size()) + " values, but " +
                    std::to_string(rows) + " x " + std::to_string(columns) + " were announced.");
    }
    return {weight.data(), rows};
}

/// Rows of x as the kernels read them.
void copyRows(const float* x, int64_t xStride, int64_t rows, int64_t depth, float* to) {
    for (int64_t row = 0; row < rows; ++row)
        std::copy_n(x + row * xStride, depth, to + row * inputStride);
}

}  // namespace

ProductPath PackedWeight::bestPath() {
#if defined(__x86_64__)
    static const ProductPath best = [] {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f")) {
            return ProductPath::Avx512;
        }
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                   ? ProductPath::Avx2
                   : ProductPath::Portable;
    }();
    return best;
#else
    return ProductPath::Portable;
#endif
}

bool PackedWeight::supported() { return bestPath() != ProductPath::Portable; }

PackedWeight::PackedWeight(std::span<const float> weight, int64_t rows, int64_t columns,
                           ProductPath path)
    : PackedWeight(std::array{checkedRows(weight, rows, columns)}, columns, path) {}

PackedWeight::PackedWeight(std::span<const Rows> blocks, int64_t columns, ProductPath path)
    : m_in(columns), m_path(path) {
    if (path > bestPath()) throw Error("This processor has no " + std::string(nameOf(path)) + ".");
    std::vector<const float*> rows;
    for (const Rows& block : blocks)
        for (int64_t row = 0; row < block.rows; ++row) rows.push_back(block.data + row * columns);
    m_out = static_cast<int64_t>(rows.size());
    const TileProducts kernels = tileProductsOf(path);
    m_lanes = kernels.lanes;
    m_vectors = dividedUp(m_out, m_lanes);
    m_panels = panelCount(m_vectors, kernels.vectors);
    if (m_out == 0 || m_in == 0) return;
    m_values = alignedMemory<float>(static_cast<std::size_t>(m_vectors * m_lanes * m_in));
#pragma omp parallel for schedule(static) if (m_out * m_in > serialWork)
    for (int64_t panel = 0; panel < m_panels; ++panel) packPanel(panel, rows);
}

void PackedWeight::packPanel(int64_t panel, std::span<const float* const> rows) {
    const int64_t width = panelWidth(panel);
    const int64_t first = panelBegin(panel);
    float* values = m_values.get() + first * m_in;
    for (int64_t begin = 0; begin < m_in; begin += lineValues) {
        const int64_t end = std::min(begin + lineValues, m_in);
        for (int64_t column = 0; column < width; ++column) {
            const bool real = first + column < m_out;
            for (int64_t k = begin; k < end; ++k)
                values[k * width + column] = real ? rows[first + column][k] : 0.0F;
        }
    }
}

void PackedWeight::multiply(const float* x, int64_t rows, int64_t xStride, float* y,
                            int64_t yStride) const {
    if (m_out == 0) return;
    if (m_in == 0) {
        for (int64_t row = 0; row < rows; ++row) std::fill_n(y + row * yStride, m_out, 0.0F);
        return;
    }
    const int64_t parts = std::max<int64_t>(1, dividedUp(rows, rowsAtOnce));
    for (int64_t index = 0; index < parts; ++index) {
        const Part part = partOf(rows, parts, index);
        multiplyRows(x + part.begin * xStride, part.size, xStride, y + part.begin * yStride,
                     yStride);
    }
}

void PackedWeight::multiplyRows(const float* x, int64_t rows, int64_t xStride, float* y,
                                int64_t yStride) const {
    const TileProducts kernels = tileProductsOf(m_path);
    const int64_t rowBlocks = dividedUp(rows, kernels.rows);
    const int64_t depthBlocks = dividedUp(m_in, depthBlock);
    // Reused by later calls: fresh memory would cost more than filling it.
    static thread_local std::vector<float> kept;
    const auto needed = static_cast<std::size_t>(rows * depthBlocks * inputStride);
    if (kept.size() < needed) kept.resize(needed);
    float* input = kept.data();
    const auto copyItem = [&](int64_t item) {
        const Part block = partOf(rows, rowBlocks, item / depthBlocks);
        const Part depth = partOf(m_in, depthBlocks, item % depthBlocks);
        copyRows(
            x + block.begin * xStride + depth.begin, xStride, block.size, depth.size,
            input + (block.begin * depthBlocks + item % depthBlocks * block.size) * inputStride);
    };
    // Threads would wait for each other longer than copying a few rows takes.
    const bool together = rows >= copyTogether;
    for (int64_t item = 0; !together && item < rowBlocks * depthBlocks; ++item) copyItem(item);
    // Blocks of rows are divided too: if there are fewer panels than threads could use, and if a
    // product takes long, so that no thread waits long for the last panel.
    const int64_t shares =
        (rows < manyRows ? 1 : sharesOfManyRows) * int64_t{omp_get_max_threads()};
    const int64_t groups = std::min(rowBlocks, dividedUp(shares, m_panels));
#pragma omp parallel if (rows * m_in * m_out > serialWork)
    {
        if (together) {
#pragma omp for schedule(static)
            for (int64_t item = 0; item < rowBlocks * depthBlocks; ++item) copyItem(item);
        }
        const auto multiplyItem = [&](int64_t item) {
            multiplyPanel(item / groups, input, rows, partOf(rowBlocks, groups, item % groups), y,
                          yStride);
        };
        // Few rows: a panel always goes to the same thread, whose cache may still have it.
        if (rows < manyRows) {
#pragma omp for schedule(static)
            for (int64_t item = 0; item < m_panels * groups; ++item) multiplyItem(item);
        } else {
#pragma omp for schedule(dynamic)
            for (int64_t item = 0; item < m_panels * groups; ++item) multiplyItem(item);
        }
    }
}

void PackedWeight::multiplyPanel(int64_t panel, const float* x, int64_t rows, Part blocks, float* y,
                                 int64_t yStride) const {
    const TileProducts kernels = tileProductsOf(m_path);
    const int64_t first = panelBegin(panel);
    const int64_t width = panelWidth(panel);
    const int64_t rowBlocks = dividedUp(rows, kernels.rows);
    const int64_t depthBlocks = dividedUp(m_in, depthBlock);
    const int64_t stepLines = prefetchStep * width / lineValues;
    for (int64_t part = 0; part < depthBlocks; ++part) {
        const Part depth = partOf(m_in, depthBlocks, part);
        const float* weights = m_values.get() + first * m_in + depth.begin * width;
        // The memory that follows is used next. With one block of rows the processor sees that by
        // itself; with several it idles after the first, so the blocks share the prefetching.
        const float* soon = weights + depth.size * width;
        for (int64_t index = 0; index < blocks.size; ++index) {
            const Part block = partOf(rows, rowBlocks, blocks.begin + index);
            const int64_t soonLines = partOf(stepLines, blocks.size, index).size;
            kernels.of(width / kernels.lanes, block.size)(
                {.x = x + (block.begin * depthBlocks + part * block.size) * inputStride,
                 .w = weights,
                 .depth = depth.size,
                 .y = y + block.begin * yStride + first,
                 .yStride = yStride,
                 .columns = std::min(width, m_out - first),
                 .add = part > 0,
                 .soon = soon,
                 .soonLines = soonLines});
            soon += soonLines * lineValues * dividedUp(depth.size, prefetchStep);
        }
    }
}

void PackedWeight::copyRow(int64_t index, float* values) const {
    int64_t panel = std::min(m_panels - 1, index / m_lanes * m_panels / m_vectors + 1);
    while (panelBegin(panel) > index) --panel;
    const int64_t width = panelWidth(panel);
    const float* from = m_values.get() + panelBegin(panel) * m_in + index - panelBegin(panel);
    for (int64_t k = 0; k < m_in; ++k) values[k] = from[k * width];
}

std::vector<float> PackedWeight::row(int64_t index) const {
    std::vector<float> values(static_cast<std::size_t>(m_in));
    copyRow(index, values.data());
    return values;
}

}  // namespace rankscope::torch_backend
