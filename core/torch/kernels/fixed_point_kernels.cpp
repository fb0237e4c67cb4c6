// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/fixed_point_kernels.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define RANKSCOPE_AMX
#endif

// GCC 12 warns about the undefined operands inside its own AVX-512 intrinsics (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace rankscope::torch_backend {

namespace {

using std::int32_t;
using std::int64_t;
using std::int8_t;

void portableColumnSums(const ColumnRange& range, float* largest, double* absolute) {
    for (int64_t row = 0; row < range.rows; ++row) {
        const float* const values = range.x + row * range.stride;
        for (int64_t j = 0; j < range.columns; ++j) {
            const float magnitude = std::abs(values[j]);
            largest[j] = std::max(largest[j], magnitude);
            absolute[j] += static_cast<double>(magnitude);
        }
    }
}

void portableSplit(const DigitSource& source, int8_t* left, int8_t* right) {
    const int64_t groups = (source.features + tileFeatures - 1) / tileFeatures;
    for (int64_t feature = 0; feature < groups * tileFeatures; ++feature)
        for (int64_t row = 0; row < partRows; ++row) {
            int32_t rest = 0;
            if (feature < source.features && row < source.rows)
                rest = static_cast<int32_t>(std::nearbyint(source.x[row * source.stride + feature] *
                                                           source.scales[feature]));
            for (int64_t digit = 0; digit < digits; ++digit) {
                const auto value = static_cast<int8_t>(rest);
                rest = (rest - value) / 256;
                const int64_t tile = feature / tileFeatures * featureBytes + digit * digitBytes +
                                     row / tileRows * tileBytes;
                const int64_t i = feature % tileFeatures, t = row % tileRows;
                left[tile + i * tileRows + t] = value;
                right[tile + (t / 4 * tileFeatures + i) * 4 + t % 4] = value;
            }
        }
}

/// Σ over digits of two features at rows of `tiles` tiles.
int64_t portableSum(const int8_t* left, const int8_t* right, int64_t i, int64_t j, int64_t tiles) {
    int64_t sum = 0;
    for (int64_t k = 0; k < digits; ++k)
        for (int64_t l = 0; l < digits; ++l) {
            int32_t products = 0;
            for (int64_t row = 0; row < tiles * tileRows; ++row) {
                const int64_t tile = row / tileRows * tileBytes;
                const int64_t inside = row % tileRows;
                products +=
                    left[k * digitBytes + tile + i * tileRows + inside] *
                    right[l * digitBytes + tile + (inside / 4 * tileFeatures + j) * 4 + inside % 4];
            }
            sum += int64_t{products} * (int64_t{1} << (8 * (k + l)));
        }
    return sum;
}

void portableMultiply(const BlockProduct& block) {
    for (int64_t i = 0; i < block.leftGroups * tileFeatures; ++i)
        for (int64_t j = block.diagonal ? i : 0; j < block.rightGroups * tileFeatures; ++j)
            block.sums[i * blockFeatures + j] +=
                portableSum(block.left + i / tileFeatures * featureBytes,
                            block.right + j / tileFeatures * featureBytes, i % tileFeatures,
                            j % tileFeatures, block.tiles);
}

void portableAddScaled(const ScaledSums& scaled) {
    for (int64_t i = 0; i < scaled.rows; ++i)
        for (int64_t j = scaled.diagonal ? i : 0; j < scaled.columns; ++j)
            scaled.to[i * scaled.stride + j] +=
                static_cast<double>(scaled.sums[i * blockFeatures + j]) * scaled.leftUnits[i] *
                scaled.rightUnits[j];
}

#if defined(RANKSCOPE_AMX)

#define RANKSCOPE_AVX512 "avx512f,avx512bw,avx512dq,avx512vl"

__attribute__((target(RANKSCOPE_AVX512))) void amxColumnSums(const ColumnRange& range,
                                                             float* largest, double* absolute) {
    for (int64_t row = 0; row < range.rows; ++row) {
        const float* const values = range.x + row * range.stride;
        for (int64_t j = 0; j < range.columns; j += 16) {
            const auto mask =
                static_cast<__mmask16>((1U << std::min<int64_t>(16, range.columns - j)) - 1);
            const auto low = static_cast<__mmask8>(mask);
            const auto high = static_cast<__mmask8>(mask >> 8);
            const __m512 magnitude = _mm512_abs_ps(_mm512_maskz_loadu_ps(mask, values + j));
            _mm512_mask_storeu_ps(
                largest + j, mask,
                _mm512_max_ps(magnitude, _mm512_maskz_loadu_ps(mask, largest + j)));
            _mm512_mask_storeu_pd(
                absolute + j, low,
                _mm512_add_pd(_mm512_maskz_loadu_pd(low, absolute + j),
                              _mm512_cvtps_pd(_mm512_castps512_ps256(magnitude))));
            _mm512_mask_storeu_pd(
                absolute + j + 8, high,
                _mm512_add_pd(_mm512_maskz_loadu_pd(high, absolute + j + 8),
                              _mm512_cvtps_pd(_mm512_extractf32x8_ps(magnitude, 1))));
        }
    }
}

/// A matrix of 16 times 16 numbers of four bytes, mirrored at its diagonal.
__attribute__((target(RANKSCOPE_AVX512))) void transposeTile(const int8_t* from, int8_t* to) {
    __m512i a[16];
    __m512i b[16];
#pragma GCC unroll 16
    for (int64_t i = 0; i < 16; ++i) a[i] = _mm512_load_si512(from + 64 * i);
#pragma GCC unroll 8
    for (int64_t i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma GCC unroll 4
    for (int64_t i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    // Of a[4 q + c], lane p holds column 4 p + c of rows 4 q to 4 q + 3.
#pragma GCC unroll 4
    for (int64_t c = 0; c < 4; ++c) {
        const __m512i low = _mm512_shuffle_i32x4(a[c], a[4 + c], 0x44);
        const __m512i lowHigh = _mm512_shuffle_i32x4(a[c], a[4 + c], 0xee);
        const __m512i high = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0x44);
        const __m512i highHigh = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], 0xee);
        _mm512_store_si512(to + 64 * c, _mm512_shuffle_i32x4(low, high, 0x88));
        _mm512_store_si512(to + 64 * (4 + c), _mm512_shuffle_i32x4(low, high, 0xdd));
        _mm512_store_si512(to + 64 * (8 + c), _mm512_shuffle_i32x4(lowHigh, highHigh, 0x88));
        _mm512_store_si512(to + 64 * (12 + c), _mm512_shuffle_i32x4(lowHigh, highHigh, 0xdd));
    }
}

/// Four rows' digits of one place, row r in byte r.
__attribute__((target(RANKSCOPE_AVX512))) __m512i takeDigits(__m512i (&rest)[4]) {
    const __m512i byte = _mm512_set1_epi32(255);
    __m512i taken = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int row = 0; row < 4; ++row) {
        const __m512i unsignedDigit = _mm512_and_si512(rest[row], byte);
        const __m512i digit = _mm512_srai_epi32(_mm512_slli_epi32(rest[row], 24), 24);
        rest[row] = _mm512_srai_epi32(_mm512_sub_epi32(rest[row], digit), 8);
        taken = _mm512_or_si512(taken, _mm512_slli_epi32(unsignedDigit, 8 * row));
    }
    return taken;
}

__attribute__((target(RANKSCOPE_AVX512))) void amxSplit(const DigitSource& source, int8_t* left,
                                                        int8_t* right) {
    for (int64_t tile = 0; tile * tileRows < source.rows; ++tile) {
        // Neighbouring features of a row together, in memory order.
        for (int64_t row = tile * tileRows; row < (tile + 1) * tileRows; row += 4)
            for (int64_t feature = 0; feature < source.features; feature += tileFeatures) {
                const auto mask = static_cast<__mmask16>(
                    (1U << std::min(tileFeatures, source.features - feature)) - 1);
                const __m512 scales = _mm512_loadu_ps(source.scales + feature);
                __m512i rest[4];
#pragma GCC unroll 4
                for (int64_t i = 0; i < 4; ++i) {
                    const __mmask16 there = row + i < source.rows ? mask : __mmask16{0};
                    const float* const values = source.x + (row + i) * source.stride + feature;
                    rest[i] = _mm512_cvtps_epi32(
                        _mm512_mul_ps(_mm512_maskz_loadu_ps(there, values), scales));
                }
                int8_t* to = right + feature / tileFeatures * featureBytes + tile * tileBytes +
                             row % tileRows * tileFeatures;
#pragma GCC unroll 3
                for (int64_t digit = 0; digit < digits; ++digit, to += digitBytes)
                    _mm512_store_si512(to, takeDigits(rest));
            }
        for (int64_t feature = 0; feature < source.features; feature += tileFeatures)
            for (int64_t digit = 0; digit < digits; ++digit) {
                const int64_t place =
                    feature / tileFeatures * featureBytes + digit * digitBytes + tile * tileBytes;
                transposeTile(right + place, left + place);
            }
    }
}

/// to[0 … 7] += sums · unit · units, for the lanes of the mask.
__attribute__((target(RANKSCOPE_AVX512))) inline void addEight(__mmask8 mask, __m512i sums,
                                                               __m512d unit, const double* units,
                                                               double* to) {
    const __m512d value = _mm512_mul_pd(_mm512_mul_pd(_mm512_cvtepi64_pd(sums), unit),
                                        _mm512_maskz_loadu_pd(mask, units));
    _mm512_mask_storeu_pd(to, mask, _mm512_add_pd(_mm512_maskz_loadu_pd(mask, to), value));
}

__attribute__((target(RANKSCOPE_AVX512))) void amxAddScaled(const ScaledSums& scaled) {
    // Undoes the order that addRows() leaves.
    const __m512i firstEight = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i lastEight = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (int64_t i = 0; i < scaled.rows; ++i) {
        const __m512d unit = _mm512_set1_pd(scaled.leftUnits[i]);
        const int64_t first = scaled.diagonal ? i : 0;
        for (int64_t j = first / tileFeatures * tileFeatures; j < scaled.columns;
             j += tileFeatures) {
            const unsigned mask = ((1U << std::min(tileFeatures, scaled.columns - j)) - 1) &
                                  ~((1U << std::max<int64_t>(0, first - j)) - 1);
            const int64_t* const sums = scaled.sums + i * blockFeatures + j;
            const __m512i a = _mm512_load_si512(sums), b = _mm512_load_si512(sums + 8);
            double* const to = scaled.to + i * scaled.stride + j;
            addEight(static_cast<__mmask8>(mask), _mm512_permutex2var_epi64(a, firstEight, b), unit,
                     scaled.rightUnits + j, to);
            addEight(static_cast<__mmask8>(mask >> 8), _mm512_permutex2var_epi64(a, lastEight, b),
                     unit, scaled.rightUnits + j + 8, to + 8);
        }
    }
}

struct alignas(64) TileShapes {
    std::uint8_t palette = 1, start = 0, reserved[14] = {};
    std::uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// By the sum of the digits' places.
using TileSums = int32_t[places][tileFeatures][tileFeatures];

/// Memory to prefetch into the second cache: so many lines from two places per tile of rows.
struct Soon {
    const void *first = nullptr, *second = nullptr;
    int64_t lines = 0;
};

/// A tile's sums and their destination.
struct Waiting {
    const TileSums* tile = nullptr;
    int64_t* sums = nullptr;
};

/// Σ 256^place · sums of places, in two halves of 32 bits: the lower wraps round, the upper takes
/// each place's carry to the next. The 64-bit numbers are then in the order that unpacking gives:
/// 0, 1, 4, 5, 8, 9, 12, 13 of a row of 16 in its first half, the others in its second.
__attribute__((target(RANKSCOPE_AVX512))) inline void addRows(const Waiting& waiting, int64_t from,
                                                              int64_t to) {
    for (int64_t i = from; i < to; ++i) {
        __m512i lower = _mm512_setzero_si512(), carried = _mm512_setzero_si512();
#pragma GCC unroll 4
        for (unsigned place = 0; place < places - 1; ++place) {
            const __m512i sums = _mm512_load_si512((*waiting.tile)[place][i]);
            lower = _mm512_add_epi32(lower, _mm512_slli_epi32(sums, 8 * place));
            carried = _mm512_srai_epi32(_mm512_add_epi32(carried, sums), 8);
        }
        const __m512i upper =
            _mm512_add_epi32(carried, _mm512_load_si512((*waiting.tile)[places - 1][i]));
        int64_t* const sums = waiting.sums + i * blockFeatures;
        _mm512_store_si512(
            sums, _mm512_add_epi64(_mm512_load_si512(sums), _mm512_unpacklo_epi32(lower, upper)));
        _mm512_store_si512(sums + 8, _mm512_add_epi64(_mm512_load_si512(sums + 8),
                                                      _mm512_unpackhi_epi32(lower, upper)));
    }
}

/// Integer sums of products of digits for 16 features by 16. The order of products keeps those of
/// the same sum apart, since each takes as long as three others; tiles are loaded again if that
/// needs them, from the first cache. The previous tile's sums are added row by row in between,
/// which took less time than adding them at the end.
__attribute__((target("amx-tile,amx-int8," RANKSCOPE_AVX512))) void multiplyTile(
    const int8_t* left, const int8_t* right, int64_t tiles, const Soon& soon,
    const Waiting& waiting, TileSums& sums) {
    constexpr int64_t rowsAdded = tileFeatures / partTiles;
    const auto* first = static_cast<const char*>(soon.first);
    const auto* second = static_cast<const char*>(soon.second);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    for (int64_t tile = 0; tile < tiles; ++tile, left += tileBytes, right += tileBytes) {
        for (int64_t line = 0; line < soon.lines; ++line, first += 64, second += 64) {
            _mm_prefetch(first, _MM_HINT_T1);
            _mm_prefetch(second, _MM_HINT_T1);
        }
        _tile_loadd(5, left, 64);
        _tile_loadd(6, right + 2 * digitBytes, 64);
        _tile_dpbssd(2, 5, 6);
        _tile_loadd(7, right, 64);
        _tile_dpbssd(0, 5, 7);
        _tile_loadd(6, right + digitBytes, 64);
        _tile_dpbssd(1, 5, 6);
        _tile_loadd(5, left + 2 * digitBytes, 64);
        _tile_dpbssd(2, 5, 7);
        _tile_dpbssd(3, 5, 6);
        _tile_loadd(7, right + 2 * digitBytes, 64);
        _tile_dpbssd(4, 5, 7);
        _tile_loadd(5, left + digitBytes, 64);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
        _tile_loadd(6, right, 64);
        _tile_dpbssd(1, 5, 6);
        if (waiting.tile != nullptr) addRows(waiting, tile * rowsAdded, (tile + 1) * rowsAdded);
    }
    if (waiting.tile != nullptr) addRows(waiting, tiles * rowsAdded, tileFeatures);
    constexpr int64_t rowBytes = tileFeatures * sizeof(int32_t);
    _tile_stored(0, sums[0], rowBytes);
    _tile_stored(1, sums[1], rowBytes);
    _tile_stored(2, sums[2], rowBytes);
    _tile_stored(3, sums[3], rowBytes);
    _tile_stored(4, sums[4], rowBytes);
}

/// The prefetch of a pair of groups: all pairs of a block together the whole next part, or one row
/// of the sums each.
Soon soonOf(const BlockProduct& block, int64_t i, int64_t j) {
    if (block.soonSums != nullptr) {
        const double* const row =
            block.soonSums + (i * blockFeatures / tileFeatures + j) * block.soonStride;
        return {row, row + blockFeatures / 2, blockFeatures / 2 / 8 / partTiles};
    }
    if (block.soonLeft == nullptr) return {};
    constexpr int64_t lines = featureBytes / 64 * tileFeatures / blockFeatures / partTiles;
    constexpr int64_t share = lines * 64 * partTiles;
    return {block.soonLeft + i * featureBytes + j * share,
            block.soonRight + j * featureBytes + i * share, lines};
}

__attribute__((target("amx-tile"))) void amxMultiply(const BlockProduct& block) {
    alignas(64) TileSums sums[2];
    Waiting waiting;
    int current = 0;
    const TileShapes shapes;
    _tile_loadconfig(&shapes);
    for (int64_t i = 0; i < block.leftGroups; ++i)
        for (int64_t j = block.diagonal ? i : 0; j < block.rightGroups; ++j) {
            multiplyTile(block.left + i * featureBytes, block.right + j * featureBytes, block.tiles,
                         soonOf(block, i, j), waiting, sums[current]);
            waiting = {&sums[current],
                       block.sums + i * tileFeatures * blockFeatures + j * tileFeatures};
            current = 1 - current;
        }
    if (waiting.tile != nullptr) addRows(waiting, 0, tileFeatures);
    _tile_release();
}

#endif

}  // namespace

bool mayUseAmx() {
#if defined(RANKSCOPE_AMX)
    // __builtin_cpu_supports does not know AMX in every compiler: leaf 7, EDX.
    constexpr unsigned amxTile = 1U << 24, amxInt8 = 1U << 25;
    unsigned a = 0, b = 0, c = 0, features = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &features) == 0 ||
        (features & (amxTile | amxInt8)) != (amxTile | amxInt8))
        return false;
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return false;
    constexpr long requestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long tileData = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
    return false;
#endif
}

const FixedPointKernels& kernelsOf(GramPath path) {
    static constexpr FixedPointKernels portable = {portableColumnSums, portableSplit,
                                                   portableMultiply, portableAddScaled};
#if defined(RANKSCOPE_AMX)
    static constexpr FixedPointKernels amx = {amxColumnSums, amxSplit, amxMultiply, amxAddScaled};
    if (path == GramPath::Amx) return amx;
#endif
    static_cast<void>(path);
    return portable;
}

std::string_view nameOf(GramPath path) { return path == GramPath::Amx ? "AMX" : "portable"; }

}  // namespace rankscope::torch_backend
