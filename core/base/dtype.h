// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rankscope {

/// Element types of the safetensors format (22, as its reference knows them).
enum class DType {
    Bool,
    F4,
    F6E2M3,
    F6E3M2,
    U8,
    I8,
    F8E5M2,
    F8E4M3,
    F8E8M0,
    F8E4M3Fnuz,
    F8E5M2Fnuz,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
};

/// The name in a safetensors header, e.g. "BF16".
std::string_view dtypeName(DType dtype);

/// The type of that name, if there is one.
std::optional<DType> parseDType(std::string_view name);

/// Bits of one element (4 and 6 for the sub-byte types).
int bitsPerElement(DType dtype);

/// Whether weights of this type can be computed with: F16, BF16, F32, F64.
bool isWeightDType(DType dtype);

/// Widens little-endian elements to float64 (exact for all weight types).
/// bytes.size() must be elements * size; throws Error for a type that is not a weight type.
std::vector<double> toFloat64(DType dtype, std::span<const std::byte> bytes);

/// Rounds to nearest even into `dtype` (F16, BF16, F32, F64), little-endian.
/// Overflow of F16 becomes infinity as IEEE 754 says; callers check the range.
std::vector<std::byte> fromFloat64(DType dtype, std::span<const double> values);

/// One value of each half type, for tests and single elements.
float halfToFloat(std::uint16_t bits);
std::uint16_t floatToHalf(float value);
float bfloat16ToFloat(std::uint16_t bits);
std::uint16_t floatToBfloat16(float value);

}  // namespace rankscope
