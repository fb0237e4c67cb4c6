// SPDX-License-Identifier: Apache-2.0
#include "core/torch/packed_product.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/base/error.h"

namespace rankscope::torch_backend {

namespace {

using std::int64_t;

/// Inputs summed in one go: 8 rows of x and their share of a panel then stay in the first two
/// caches, and float32 sums of long rows lose less.
constexpr int64_t depthBlock = 512;
/// Values of x that are brought into the kernels' order at once.
constexpr int64_t inputValues = int64_t{1} << 20;
/// Multiplications under which starting the other threads costs more than they save.
constexpr int64_t serialWork = int64_t{1} << 17;
constexpr std::size_t hugePage = std::size_t{1} << 21;

/// The product of some rows of x and a part of one panel.
struct Tile {
    const float* x = nullptr;  // [depth][rows]
    const float* w = nullptr;  // [depth][width]
    int64_t depth = 0;
    float* y = nullptr;  // [rows][yStride]
    int64_t yStride = 0;
    int64_t columns = 0;  // of y, at most width
    bool add = false;     // to what y has, else y is set
};
using TileProduct = void (*)(const Tile&);

/// What one kind of instructions offers: products of up to `rows` rows with up to `vectors` vectors
/// of `lanes` outputs.
struct Kernels {
    int64_t lanes = 0;
    int64_t vectors = 0;
    int64_t rows = 0;
    const TileProduct* products = nullptr;  // [vectors][rows]

    TileProduct of(int64_t tileVectors, int64_t tileRows) const {
        return products[(tileVectors - 1) * rows + tileRows - 1];
    }
};

template <int Rows, int Vectors>
void portableProduct(const Tile& tile) {
    constexpr int width = 8 * Vectors;
    std::array<std::array<float, width>, Rows> sums{};
    const float* x = tile.x;
    const float* w = tile.w;
    for (int64_t k = 0; k < tile.depth; ++k, x += Rows, w += width) {
        for (int row = 0; row < Rows; ++row) {
            for (int column = 0; column < width; ++column) {
                sums[row][column] += x[row] * w[column];
            }
        }
    }
    for (int row = 0; row < Rows; ++row) {
        float* y = tile.y + row * tile.yStride;
        for (int64_t column = 0; column < tile.columns; ++column) {
            y[column] = (tile.add ? y[column] : 0.0F) + sums[row][column];
        }
    }
}

constexpr std::array<TileProduct, 8> portableProducts = {
    portableProduct<1, 1>, portableProduct<2, 1>, portableProduct<3, 1>, portableProduct<4, 1>,
    portableProduct<1, 2>, portableProduct<2, 2>, portableProduct<3, 2>, portableProduct<4, 2>};

#if defined(__x86_64__)

template <int Rows, int Vectors>
__attribute__((target("avx2,fma"))) void avx2Product(const Tile& tile) {
    __m256 sums[Rows][Vectors];
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            sums[row][v] = _mm256_setzero_ps();
        }
    }
    const float* x = tile.x;
    const float* w = tile.w;
    for (int64_t k = 0; k < tile.depth; ++k, x += Rows, w += 8 * Vectors) {
        __m256 weights[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            weights[v] = _mm256_load_ps(w + 8 * v);
        }
#pragma GCC unroll 8
        for (int row = 0; row < Rows; ++row) {
            const __m256 value = _mm256_broadcast_ss(x + row);
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) {
                sums[row][v] = _mm256_fmadd_ps(value, weights[v], sums[row][v]);
            }
        }
    }
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
        float* y = tile.y + row * tile.yStride;
        alignas(32) float values[8 * Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) {
            _mm256_store_ps(values + 8 * v, sums[row][v]);
        }
        for (int64_t column = 0; column < tile.columns; ++column) {
            y[column] = (tile.add ? y[column] : 0.0F) + values[column];
        }
    }
}

template <int Rows, int Vectors>
__attribute__((target("avx512f"))) void avx512Product(const Tile& tile) {
    __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) {
            sums[row][v] = _mm512_setzero_ps();
        }
    }
    const float* x = tile.x;
    const float* w = tile.w;
    for (int64_t k = 0; k < tile.depth; ++k, x += Rows, w += 16 * Vectors) {
        __m512 weights[Vectors];
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) {
            weights[v] = _mm512_load_ps(w + 16 * v);
        }
#pragma GCC unroll 8
        for (int row = 0; row < Rows; ++row) {
            const __m512 value = _mm512_set1_ps(x[row]);
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v) {
                sums[row][v] = _mm512_fmadd_ps(value, weights[v], sums[row][v]);
            }
        }
    }
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
        float* y = tile.y + row * tile.yStride;
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) {
            const int64_t left = std::clamp<int64_t>(tile.columns - 16 * v, 0, 16);
            const auto mask = static_cast<__mmask16>((1U << left) - 1U);
            const __m512 before =
                tile.add ? _mm512_maskz_loadu_ps(mask, y + 16 * v) : _mm512_setzero_ps();
            _mm512_mask_storeu_ps(y + 16 * v, mask, _mm512_add_ps(before, sums[row][v]));
        }
    }
}

constexpr std::array<TileProduct, 12> avx2Products = {
    avx2Product<1, 1>, avx2Product<2, 1>, avx2Product<3, 1>, avx2Product<4, 1>,
    avx2Product<5, 1>, avx2Product<6, 1>, avx2Product<1, 2>, avx2Product<2, 2>,
    avx2Product<3, 2>, avx2Product<4, 2>, avx2Product<5, 2>, avx2Product<6, 2>};
constexpr std::array<TileProduct, 24> avx512Products = {
    avx512Product<1, 1>, avx512Product<2, 1>, avx512Product<3, 1>, avx512Product<4, 1>,
    avx512Product<5, 1>, avx512Product<6, 1>, avx512Product<7, 1>, avx512Product<8, 1>,
    avx512Product<1, 2>, avx512Product<2, 2>, avx512Product<3, 2>, avx512Product<4, 2>,
    avx512Product<5, 2>, avx512Product<6, 2>, avx512Product<7, 2>, avx512Product<8, 2>,
    avx512Product<1, 3>, avx512Product<2, 3>, avx512Product<3, 3>, avx512Product<4, 3>,
    avx512Product<5, 3>, avx512Product<6, 3>, avx512Product<7, 3>, avx512Product<8, 3>};

#endif

Kernels kernelsOf(ProductPath path) {
#if defined(__x86_64__)
    if (path == ProductPath::Avx512) {
        return {.lanes = 16, .vectors = 3, .rows = 8, .products = avx512Products.data()};
    }
    if (path == ProductPath::Avx2) {
        return {.lanes = 8, .vectors = 2, .rows = 6, .products = avx2Products.data()};
    }
#endif
    return {.lanes = 8, .vectors = 2, .rows = 4, .products = portableProducts.data()};
}

/// Start and length of part `index` of `count` things cut into `parts` nearly equal parts.
struct Part {
    int64_t begin = 0;
    int64_t size = 0;
};
Part partOf(int64_t count, int64_t parts, int64_t index) {
    const int64_t size = count / parts;
    const int64_t longer = count % parts;
    return {index * size + std::min(index, longer), size + (index < longer ? 1 : 0)};
}

int64_t dividedUp(int64_t count, int64_t size) { return (count + size - 1) / size; }

float* allocate(int64_t values) {
    const std::size_t bytes = static_cast<std::size_t>(values) * sizeof(float);
    const std::size_t alignment = bytes >= hugePage ? hugePage : 64;
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    if (alignment == hugePage) {
        // Fewer misses of the address cache while the weights stream by; not to be had everywhere.
        static_cast<void>(madvise(memory, bytes / hugePage * hugePage, MADV_HUGEPAGE));
    }
    return static_cast<float*>(memory);
}

PackedWeight::Rows checkedRows(std::span<const float> weight, int64_t rows, int64_t columns) {
    if (static_cast<int64_t>(weight.size()) != rows * columns) {
        throw Error("A weight has " + std::to_string(weight.size()) + " values where " +
                    std::to_string(rows) + " x " + std::to_string(columns) + " were announced.");
    }
    return {weight.data(), rows};
}

/// x [rows, depth] -> [depth][rows].
void interleave(const float* x, int64_t xStride, int64_t rows, int64_t depth, float* to) {
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = x + row * xStride;
        for (int64_t k = 0; k < depth; ++k) {
            to[k * rows + row] = from[k];
        }
    }
}

}  // namespace

std::string_view toString(ProductPath path) {
    switch (path) {
        case ProductPath::Avx512:
            return "AVX-512";
        case ProductPath::Avx2:
            return "AVX2";
        case ProductPath::Portable:
            break;
    }
    return "portable";
}

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

void PackedWeight::Free::operator()(float* memory) const { std::free(memory); }

PackedWeight::PackedWeight(std::span<const float> weight, int64_t rows, int64_t columns,
                           ProductPath path)
    : PackedWeight(std::array{checkedRows(weight, rows, columns)}, columns, path) {}

PackedWeight::PackedWeight(std::span<const Rows> blocks, int64_t columns, ProductPath path)
    : m_in(columns), m_path(path) {
    if (path > bestPath()) {
        throw Error("This processor has no " + std::string(toString(path)) + ".");
    }
    std::vector<const float*> rows;
    for (const Rows& block : blocks) {
        for (int64_t row = 0; row < block.rows; ++row) {
            rows.push_back(block.data + row * columns);
        }
    }
    m_out = static_cast<int64_t>(rows.size());
    const Kernels kernels = kernelsOf(path);
    m_width = kernels.lanes * kernels.vectors;
    m_lanes = kernels.lanes;
    if (m_out == 0 || m_in == 0) {
        return;
    }
    m_values.reset(allocate(((panels() - 1) * m_width + panelWidth(panels() - 1)) * m_in));
#pragma omp parallel for schedule(static) if (m_out * m_in > serialWork)
    for (int64_t panel = 0; panel < panels(); ++panel) {
        packPanel(panel, rows);
    }
}

int64_t PackedWeight::panelWidth(int64_t panel) const {
    return std::min(m_width, dividedUp(m_out - panel * m_width, m_lanes) * m_lanes);
}

void PackedWeight::packPanel(int64_t panel, std::span<const float* const> rows) {
    constexpr int64_t line = 16;  // values of a cache line
    const int64_t width = panelWidth(panel);
    const int64_t first = panel * m_width;
    float* values = m_values.get() + first * m_in;
    for (int64_t begin = 0; begin < m_in; begin += line) {
        const int64_t end = std::min(begin + line, m_in);
        for (int64_t column = 0; column < width; ++column) {
            const bool real = first + column < m_out;
            for (int64_t k = begin; k < end; ++k) {
                values[k * width + column] = real ? rows[first + column][k] : 0.0F;
            }
        }
    }
}

void PackedWeight::multiply(const float* x, int64_t rows, int64_t xStride, float* y,
                            int64_t yStride) const {
    if (m_in == 0) {
        for (int64_t row = 0; row < rows; ++row) {
            std::fill_n(y + row * yStride, m_out, 0.0F);
        }
        return;
    }
    const int64_t atOnce = std::max<int64_t>(64, inputValues / m_in);
    const int64_t parts = std::max<int64_t>(1, dividedUp(rows, atOnce));
    for (int64_t index = 0; index < parts; ++index) {
        const Part part = partOf(rows, parts, index);
        multiplyRows(x + part.begin * xStride, part.size, xStride, y + part.begin * yStride,
                     yStride);
    }
}

void PackedWeight::multiplyRows(const float* x, int64_t rows, int64_t xStride, float* y,
                                int64_t yStride) const {
    const Kernels kernels = kernelsOf(m_path);
    const int64_t rowBlocks = dividedUp(rows, kernels.rows);
    const int64_t depthBlocks = dividedUp(m_in, depthBlock);
    // Kept from call to call: fresh memory would cost more than filling it.
    static thread_local std::vector<float> kept;
    if (rows > 1 && static_cast<int64_t>(kept.size()) < rows * m_in) {
        kept.resize(static_cast<std::size_t>(rows * m_in));
    }
    float* interleaved = kept.data();
#pragma omp parallel if (rows * m_in * m_out > serialWork)
    {
        if (rows > 1) {
#pragma omp for schedule(static)
            for (int64_t item = 0; item < rowBlocks * depthBlocks; ++item) {
                const Part block = partOf(rows, rowBlocks, item / depthBlocks);
                const Part depth = partOf(m_in, depthBlocks, item % depthBlocks);
                interleave(x + block.begin * xStride + depth.begin, xStride, block.size, depth.size,
                           interleaved + block.begin * m_in + depth.begin * block.size);
            }
        }
        // One row is in order as it is.
        const float* input = rows > 1 ? interleaved : x;
#pragma omp for schedule(static)
        for (int64_t panel = 0; panel < panels(); ++panel) {
            multiplyPanel(panel, input, rows, y, yStride);
        }
    }
}

void PackedWeight::multiplyPanel(int64_t panel, const float* x, int64_t rows, float* y,
                                 int64_t yStride) const {
    const Kernels kernels = kernelsOf(m_path);
    const int64_t first = panel * m_width;
    const int64_t width = panelWidth(panel);
    const int64_t rowBlocks = dividedUp(rows, kernels.rows);
    const int64_t depthBlocks = dividedUp(m_in, depthBlock);
    for (int64_t part = 0; part < depthBlocks; ++part) {
        const Part depth = partOf(m_in, depthBlocks, part);
        for (int64_t index = 0; index < rowBlocks; ++index) {
            const Part block = partOf(rows, rowBlocks, index);
            kernels.of(width / kernels.lanes,
                       block.size)({.x = x + block.begin * m_in + depth.begin * block.size,
                                    .w = m_values.get() + first * m_in + depth.begin * width,
                                    .depth = depth.size,
                                    .y = y + block.begin * yStride + first,
                                    .yStride = yStride,
                                    .columns = std::min(width, m_out - first),
                                    .add = part > 0});
        }
    }
}

void PackedWeight::copyRow(int64_t index, float* values) const {
    const int64_t panel = index / m_width;
    const int64_t width = panelWidth(panel);
    const float* from = m_values.get() + panel * m_width * m_in + index % m_width;
    for (int64_t k = 0; k < m_in; ++k) {
        values[k] = from[k * width];
    }
}

std::vector<float> PackedWeight::row(int64_t index) const {
    std::vector<float> values(static_cast<std::size_t>(m_in));
    copyRow(index, values.data());
    return values;
}

}  // namespace rankscope::torch_backend
