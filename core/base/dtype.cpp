// SPDX-License-Identifier: Apache-2.0
#include "core/base/dtype.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"

namespace rankscope {

static_assert(std::endian::native == std::endian::little, "weights are read without swapping");

namespace {

struct DTypeRow {
    DType dtype;
    std::string_view name;
    int bits;
};

constexpr std::array<DTypeRow, 22> rows{{
    {DType::Bool, "BOOL", 8},
    {DType::F4, "F4", 4},
    {DType::F6E2M3, "F6_E2M3", 6},
    {DType::F6E3M2, "F6_E3M2", 6},
    {DType::U8, "U8", 8},
    {DType::I8, "I8", 8},
    {DType::F8E5M2, "F8_E5M2", 8},
    {DType::F8E4M3, "F8_E4M3", 8},
    {DType::F8E8M0, "F8_E8M0", 8},
    {DType::F8E4M3Fnuz, "F8_E4M3FNUZ", 8},
    {DType::F8E5M2Fnuz, "F8_E5M2FNUZ", 8},
    {DType::I16, "I16", 16},
    {DType::U16, "U16", 16},
    {DType::F16, "F16", 16},
    {DType::BF16, "BF16", 16},
    {DType::I32, "I32", 32},
    {DType::U32, "U32", 32},
    {DType::F32, "F32", 32},
    {DType::C64, "C64", 64},
    {DType::F64, "F64", 64},
    {DType::I64, "I64", 64},
    {DType::U64, "U64", 64},
}};

const DTypeRow& rowOf(DType dtype) {
    for (const DTypeRow& row : rows)
        if (row.dtype == dtype) return row;
    throw Error("Unknown element type.");
}

template <typename Stored, typename Convert>
std::vector<double> widen(std::span<const std::byte> bytes, Convert convert) {
    std::vector<double> values(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = static_cast<double>(convert(stored));
    }
    return values;
}

template <typename Stored, typename Convert>
std::vector<std::byte> narrow(std::span<const double> values, Convert convert) {
    std::vector<std::byte> bytes(values.size() * sizeof(Stored));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Stored stored = convert(values[i]);
        std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
    return bytes;
}

/// float64 -> float32 with the last bit forced to odd if inexact, so that a second rounding to
/// a half type gives the same result as one direct rounding (round-to-odd).
float narrowToOdd(double value) {
    const auto nearest = static_cast<float>(value);
    if (std::isnan(nearest) || std::isinf(nearest) || static_cast<double>(nearest) == value)
        return nearest;
    const bool tooFar = std::abs(static_cast<double>(nearest)) > std::abs(value);
    auto bits = std::bit_cast<std::uint32_t>(nearest);
    if (tooFar) --bits;  // towards zero
    return std::bit_cast<float>(bits | 1U);
}

}  // namespace

std::string_view dtypeName(DType dtype) { return rowOf(dtype).name; }

std::optional<DType> parseDType(std::string_view name) {
    for (const DTypeRow& row : rows)
        if (row.name == name) return row.dtype;
    return std::nullopt;
}

int bitsPerElement(DType dtype) { return rowOf(dtype).bits; }

bool isWeightDType(DType dtype) {
    return dtype == DType::F16 || dtype == DType::BF16 || dtype == DType::F32 ||
           dtype == DType::F64;
}

float bfloat16ToFloat(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t floatToBfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
    const std::uint32_t roundUp = 0x7FFFU + ((bits >> 16U) & 1U);
    return static_cast<std::uint16_t>((bits + roundUp) >> 16U);
}

float halfToFloat(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16U;
    const std::uint32_t exponent = (bits >> 10U) & 0x1FU;
    const std::uint32_t mantissa = bits & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13U));
    if (exponent != 0)
        return std::bit_cast<float>(sign | ((exponent + 112) << 23U) | (mantissa << 13U));
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
}

std::uint16_t floatToHalf(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
    const float magnitude = std::abs(value);
    if (std::isnan(value)) return sign | 0x7E00U;
    if (magnitude >= 65520.0F) return sign | 0x7C00U;
    if (magnitude < 0x1p-14F)  // subnormal: a multiple of 2^-24, rounded to even
        return static_cast<std::uint16_t>(
            sign | static_cast<std::uint16_t>(std::nearbyint(magnitude * 0x1p24F)));
    const std::uint32_t absolute = bits & 0x7FFFFFFFU;
    const std::uint32_t rounded = absolute + 0xFFFU + ((absolute >> 13U) & 1U);
    return static_cast<std::uint16_t>(sign | ((rounded - (112U << 23U)) >> 13U));
}

std::vector<double> toFloat64(DType dtype, std::span<const std::byte> bytes) {
    switch (dtype) {
        case DType::F16:
            return widen<std::uint16_t>(bytes, halfToFloat);
        case DType::BF16:
            return widen<std::uint16_t>(bytes, bfloat16ToFloat);
        case DType::F32:
            return widen<float>(bytes, [](float v) { return v; });
        case DType::F64:
            return widen<double>(bytes, [](double v) { return v; });
        default:
            throw Error(
                fmt::format("Values of type {} cannot be used as weights; F16, BF16, F32 "
                            "and F64 can.",
                            dtypeName(dtype)));
    }
}

std::vector<std::byte> fromFloat64(DType dtype, std::span<const double> values) {
    switch (dtype) {
        case DType::F16:
            return narrow<std::uint16_t>(values,
                                         [](double v) { return floatToHalf(narrowToOdd(v)); });
        case DType::BF16:
            return narrow<std::uint16_t>(values,
                                         [](double v) { return floatToBfloat16(narrowToOdd(v)); });
        case DType::F32:
            return narrow<float>(values, [](double v) { return static_cast<float>(v); });
        case DType::F64:
            return narrow<double>(values, [](double v) { return v; });
        default:
            throw Error(
                fmt::format("Weights cannot be written as {}; choose F16, BF16, F32 or "
                            "F64.",
                            dtypeName(dtype)));
    }
}

}  // namespace rankscope
