// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace rankscope::torch_backend {

/// Instructions used for a product in fixed point. All give the same bits.
enum class GramPath { Portable, Amx };

/// "portable", "AMX"
std::string_view nameOf(GramPath path);

// A tile holds one digit of 16 features (columns of X) at 64 rows of X. Tiles lie in the order
// [part of rows][16 features][digit, least first][64 rows]; missing rows of a part are zero.
constexpr std::int64_t tileFeatures = 16;
constexpr std::int64_t tileRows = 64;
constexpr std::int64_t tileBytes = tileFeatures * tileRows;
constexpr std::int64_t digits = 3;
/// Products of digits k and l are summed by k + l.
constexpr std::int64_t places = 2 * digits - 1;
constexpr std::int64_t partTiles = 4;  // of rows
constexpr std::int64_t partRows = partTiles * tileRows;
/// From one digit to the next, and from one group of 16 features to the next.
constexpr std::int64_t digitBytes = partTiles * tileBytes;
constexpr std::int64_t featureBytes = digits * digitBytes;
/// Features of a block of sums: its 512 KB and two parts of digits stay in the second cache.
constexpr std::int64_t blockFeatures = 256;

/// The largest integer that three balanced digits hold: 127 (1 + 256 + 256²).
constexpr std::int32_t largestFixed = 8355711;

/// x [rows, columns], `stride` values from row to row.
struct ColumnRange {
    const float* x = nullptr;
    std::int64_t rows = 0, columns = 0, stride = 0;
};

/// Some features, from the first of a group of 16 on, at the rows of a part.
struct DigitSource {
    const float* x = nullptr;
    std::int64_t rows = 0, stride = 0, features = 0;
    const float* scales = nullptr;  // [features, rounded up to 16], powers of two
};

/// Digits of two blocks of features at one part of rows, and the sums to which their products go.
struct BlockProduct {
    const std::int8_t* left = nullptr;
    const std::int8_t* right = nullptr;
    // Memory needed next, if known: digits of the next part, or the target of the sums.
    const std::int8_t *soonLeft = nullptr, *soonRight = nullptr;
    const double* soonSums = nullptr;
    std::int64_t soonStride = 0;
    std::int64_t leftGroups = 0, rightGroups = 0;  // of 16 features
    bool diagonal = false;         // left and right features are the same: nothing is needed below
    std::int64_t tiles = 0;        // of rows, at most partTiles
    std::int64_t* sums = nullptr;  // [leftGroups · 16, blockFeatures]
};

/// Sums of a block, and their destination when it is complete.
struct ScaledSums {
    const std::int64_t* sums = nullptr;  // [rows, blockFeatures]
    std::int64_t rows = 0, columns = 0;
    bool diagonal = false;
    const double *leftUnits = nullptr, *rightUnits = nullptr;  // powers of two: the value of 1
    double* to = nullptr;
    std::int64_t stride = 0;
};

struct FixedPointKernels {
    /// largest[j] = max(largest[j], max |x_tj|), ignoring NaN; absolute[j] += Σ |x_tj|.
    void (*columnSums)(const ColumnRange& range, float* largest, double* absolute);
    /// Digits of x · scales. left: tiles [16 features][64 rows]; right: tiles [16 times 4 rows][16
    /// features][4].
    void (*split)(const DigitSource& source, std::int8_t* left, std::int8_t* right);
    /// sums[i, j] += Σ over rows and digits k, l of left_k right_l 256^(k + l).
    void (*multiply)(const BlockProduct& product);
    /// to[i, j] += sums[i, j] · leftUnits[i] · rightUnits[j].
    void (*addScaled)(const ScaledSums& scaled);
};

/// The processor must have the instructions of `path`.
const FixedPointKernels& kernelsOf(GramPath path);

/// Asks the system once whether this process may use AMX; false if the processor lacks it.
bool mayUseAmx();

}  // namespace rankscope::torch_backend
