// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace rankscope::torch_backend {

/// Instructions used for the product.
enum class ProductPath { Portable, Avx2, Avx512 };

/// "portable", "AVX2", "AVX-512"
std::string_view nameOf(ProductPath path);

/// Inputs summed at once: 8 rows of x and their share of a panel then stay in the first two caches,
/// and float32 sums of long rows lose less.
constexpr std::int64_t depthBlock = 192;
/// Distance between the rows of x that the kernels read: known at compile time, and not a power of
/// two, whose rows would evict each other from the cache.
constexpr std::int64_t inputStride = depthBlock + 16;
/// Inputs between two prefetches of weights that are needed soon.
constexpr std::int64_t prefetchStep = 4;
constexpr std::int64_t lineValues = 16;  // of a cache line

/// The product of some rows of x and a part of one panel.
struct Tile {
    const float* x = nullptr;  // [rows][inputStride]
    const float* w = nullptr;  // [depth][width]
    std::int64_t depth = 0;
    float* y = nullptr;  // [rows][yStride]
    std::int64_t yStride = 0;
    std::int64_t columns = 0;  // of y, at most width
    bool add = false;          // to what y has, else y is set
    // Weights that are needed soon: so many cache lines are prefetched every `prefetchStep` inputs.
    const float* soon = nullptr;
    std::int64_t soonLines = 0;
};
using TileProduct = void (*)(const Tile&);

/// The kernels of one kind of instructions: products of up to `rows` rows with up to `vectors`
/// vectors of `lanes` outputs.
struct TileProducts {
    std::int64_t lanes = 0;
    std::int64_t vectors = 0;
    std::int64_t rows = 0;
    const TileProduct* products = nullptr;  // [vectors][rows]

    TileProduct of(std::int64_t tileVectors, std::int64_t tileRows) const {
        return products[(tileVectors - 1) * rows + tileRows - 1];
    }
};

/// The processor must have the instructions of `path`.
TileProducts tileProductsOf(ProductPath path);

}  // namespace rankscope::torch_backend
