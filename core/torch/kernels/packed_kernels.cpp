// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/packed_kernels.h"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rankscope::torch_backend {

namespace {

using std::int64_t;

template <int Rows, int Vectors>
void portableProduct(const Tile& tile) {
    constexpr int width = 8 * Vectors;
    std::array<std::array<float, width>, Rows> sums{};
    const float* x = tile.x;
    const float* w = tile.w;
    for (int64_t k = 0; k < tile.depth; ++k, ++x, w += width) {
        for (int row = 0; row < Rows; ++row)
            for (int column = 0; column < width; ++column)
                sums[row][column] += x[row * inputStride] * w[column];
    }
    for (int row = 0; row < Rows; ++row) {
        float* y = tile.y + row * tile.yStride;
        for (int64_t column = 0; column < tile.columns; ++column)
            y[column] = (tile.add ? y[column] : 0.0F) + sums[row][column];
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
        for (int v = 0; v < Vectors; ++v) sums[row][v] = _mm256_setzero_ps();
    }
    const float* x = tile.x;
    const float* w = tile.w;
    const float* soon = tile.soon;
    for (int64_t k = 0; k < tile.depth;) {
        for (int64_t line = 0; line < tile.soonLines; ++line, soon += lineValues)
            _mm_prefetch(soon, _MM_HINT_T1);
        const int64_t end = std::min(k + prefetchStep, tile.depth);
        for (; k < end; ++k, ++x, w += 8 * Vectors) {
            __m256 weights[Vectors];
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) weights[v] = _mm256_load_ps(w + 8 * v);
#pragma GCC unroll 8
            for (int row = 0; row < Rows; ++row) {
                const __m256 value = _mm256_broadcast_ss(x + row * inputStride);
#pragma GCC unroll 2
                for (int v = 0; v < Vectors; ++v)
                    sums[row][v] = _mm256_fmadd_ps(value, weights[v], sums[row][v]);
            }
        }
    }
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
        float* y = tile.y + row * tile.yStride;
        alignas(32) float values[8 * Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) _mm256_store_ps(values + 8 * v, sums[row][v]);
        for (int64_t column = 0; column < tile.columns; ++column)
            y[column] = (tile.add ? y[column] : 0.0F) + values[column];
    }
}

template <int Rows, int Vectors>
__attribute__((target("avx512f"))) void avx512Product(const Tile& tile) {
    __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
    for (int row = 0; row < Rows; ++row) {
#pragma GCC unroll 3
        for (int v = 0; v < Vectors; ++v) sums[row][v] = _mm512_setzero_ps();
    }
    const float* x = tile.x;
    const float* w = tile.w;
    const float* soon = tile.soon;
    for (int64_t k = 0; k < tile.depth;) {
        for (int64_t line = 0; line < tile.soonLines; ++line, soon += lineValues)
            _mm_prefetch(soon, _MM_HINT_T1);
        const int64_t end = std::min(k + prefetchStep, tile.depth);
        for (; k < end; ++k, ++x, w += 16 * Vectors) {
            __m512 weights[Vectors];
#pragma GCC unroll 3
            for (int v = 0; v < Vectors; ++v) weights[v] = _mm512_load_ps(w + 16 * v);
#pragma GCC unroll 8
            for (int row = 0; row < Rows; ++row) {
                const __m512 value = _mm512_set1_ps(x[row * inputStride]);
#pragma GCC unroll 3
                for (int v = 0; v < Vectors; ++v)
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

}  // namespace

TileProducts tileProductsOf(ProductPath path) {
#if defined(__x86_64__)
    if (path == ProductPath::Avx512)
        return {.lanes = 16, .vectors = 3, .rows = 8, .products = avx512Products.data()};
    if (path == ProductPath::Avx2)
        return {.lanes = 8, .vectors = 2, .rows = 6, .products = avx2Products.data()};
#endif
    return {.lanes = 8, .vectors = 2, .rows = 4, .products = portableProducts.data()};
}

std::string_view nameOf(ProductPath path) {
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

}  // namespace rankscope::torch_backend
