// SPDX-License-Identifier: Apache-2.0
#include "core/base/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"

namespace rankscope {
namespace {

/// The value of a small float type by its definition in IEEE 754: sign, exponent, fraction.
double valueByFormula(unsigned bits, int exponentBits, int fractionBits) {
    const double sign = (bits >> static_cast<unsigned>(exponentBits + fractionBits)) != 0 ? -1 : 1;
    const int exponent =
        static_cast<int>(bits >> static_cast<unsigned>(fractionBits)) & ((1 << exponentBits) - 1);
    const int fraction = static_cast<int>(bits) & ((1 << fractionBits) - 1);
    const int bias = (1 << (exponentBits - 1)) - 1;
    if (exponent == (1 << exponentBits) - 1)
        return fraction == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
    const double significand = fraction + (exponent == 0 ? 0 : std::ldexp(1.0, fractionBits));
    return sign * std::ldexp(significand, std::max(exponent, 1) - bias - fractionBits);
}

struct HalfType {
    DType dtype;
    int exponentBits;
    int fractionBits;
};

class HalfTypes : public testing::TestWithParam<HalfType> {};

std::uint16_t roundOne(DType dtype, double value) {
    const auto bytes = fromFloat64(dtype, std::vector<double>{value});
    std::uint16_t bits = 0;
    EXPECT_EQ(bytes.size(), sizeof(bits));
    std::memcpy(&bits, bytes.data(), sizeof(bits));
    return bits;
}

TEST_P(HalfTypes, AllPatternsHaveTheValueOfTheFormula) {
    const auto [dtype, exponentBits, fractionBits] = GetParam();
    std::vector<std::byte> bytes(65536 * 2);
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const auto pattern = static_cast<std::uint16_t>(bits);
        std::memcpy(bytes.data() + std::size_t{2} * bits, &pattern, 2);
    }
    const std::vector<double> values = toFloat64(dtype, bytes);
    ASSERT_EQ(values.size(), 65536U);
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const double expected = valueByFormula(bits, exponentBits, fractionBits);
        if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(values[bits])) << bits;
        } else {
            ASSERT_EQ(values[bits], expected) << bits;
            ASSERT_EQ(std::signbit(values[bits]), std::signbit(expected)) << bits;
        }
    }
}

TEST_P(HalfTypes, EveryValueRoundsToItself) {
    const auto [dtype, exponentBits, fractionBits] = GetParam();
    for (unsigned bits = 0; bits < 65536; ++bits) {
        const double value = valueByFormula(bits, exponentBits, fractionBits);
        if (std::isnan(value))
            ASSERT_TRUE(
                std::isnan(valueByFormula(roundOne(dtype, value), exponentBits, fractionBits)));
        else
            ASSERT_EQ(roundOne(dtype, value), bits);
    }
}

TEST_P(HalfTypes, RoundsToNearestAndTiesToEven) {
    const auto [dtype, exponentBits, fractionBits] = GetParam();
    const unsigned infinity = ((1U << static_cast<unsigned>(exponentBits)) - 1)
                              << static_cast<unsigned>(fractionBits);
    for (unsigned bits = 0; bits + 1 < infinity; ++bits) {
        const double low = valueByFormula(bits, exponentBits, fractionBits);
        const double high = valueByFormula(bits + 1, exponentBits, fractionBits);
        const double middle = (low + high) / 2;  // exact in float64
        ASSERT_EQ(roundOne(dtype, middle), bits + (bits & 1U)) << bits;
        ASSERT_EQ(roundOne(dtype, std::nextafter(middle, 0)), bits) << bits;
        ASSERT_EQ(roundOne(dtype, std::nextafter(middle, INFINITY)), bits + 1) << bits;
        ASSERT_EQ(roundOne(dtype, -middle), 0x8000U | (bits + (bits & 1U))) << bits;
    }
    const double largest = valueByFormula(infinity - 1, exponentBits, fractionBits);
    const double before = valueByFormula(infinity - 2, exponentBits, fractionBits);
    const double edge = largest + (largest - before) / 2;
    EXPECT_EQ(roundOne(dtype, edge), infinity);
    EXPECT_EQ(roundOne(dtype, std::nextafter(edge, 0)), infinity - 1);
}

INSTANTIATE_TEST_SUITE_P(, HalfTypes,
                         testing::Values(HalfType{DType::F16, 5, 10}, HalfType{DType::BF16, 8, 7}),
                         [](const auto& tested) {
                             return std::string(dtypeName(tested.param.dtype));
                         });

TEST(DType, KnowsTheNamesAndSizesOfTheFormat) {
    const std::vector<std::pair<const char*, int>> expected{
        {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
        {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
        {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
        {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
        {"I64", 64},        {"U64", 64}};
    for (const auto& [name, bits] : expected) {
        const auto dtype = parseDType(name);
        ASSERT_TRUE(dtype) << name;
        EXPECT_EQ(dtypeName(*dtype), name);
        EXPECT_EQ(bitsPerElement(*dtype), bits) << name;
        const std::string text = name;
        EXPECT_EQ(isWeightDType(*dtype),
                  text == "F16" || text == "BF16" || text == "F32" || text == "F64");
    }
    for (const char* name : {"", "f32", "F32 ", "F128", "FLOAT"}) EXPECT_FALSE(parseDType(name));
}

TEST(DType, WiderTypesKeepTheirValues) {
    const std::vector<double> values{0.0, -1.5, 1.0 / 3, 1e300, -4.9e-324, INFINITY};
    EXPECT_EQ(toFloat64(DType::F64, fromFloat64(DType::F64, values)), values);
    const std::vector<double> singles{0.0, -1.5, static_cast<double>(1.0F / 3), 1e-45F};
    EXPECT_EQ(toFloat64(DType::F32, fromFloat64(DType::F32, singles)), singles);
    EXPECT_EQ(toFloat64(DType::F32, fromFloat64(DType::F32, std::vector{1.0 / 3})).front(),
              static_cast<double>(1.0F / 3));
}

TEST(DType, RefusesTypesThatAreNoWeights) {
    EXPECT_THROW(toFloat64(DType::I64, std::vector<std::byte>(8)), Error);
    EXPECT_THROW(fromFloat64(DType::Bool, std::vector<double>{1.0}), Error);
}

}  // namespace
}  // namespace rankscope
