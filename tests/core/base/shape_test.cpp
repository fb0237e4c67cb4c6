// SPDX-License-Identifier: Apache-2.0
#include "core/base/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace rankscope {
namespace {

constexpr std::int64_t huge = std::int64_t{1} << 62U;

TEST(Shape, CountsElements) {
    EXPECT_EQ(elementCount(Shape{}), 1);
    EXPECT_EQ(elementCount(Shape{768, 384}), 294912);
    EXPECT_EQ(elementCount(Shape{5, 0, 7}), 0);
}

TEST(Shape, CountIsNothingWhereItDoesNotFit) {
    EXPECT_EQ(elementCount(Shape{huge, 1}), huge);
    EXPECT_EQ(elementCount(Shape{huge, 2}), std::nullopt);
    EXPECT_EQ(elementCount(Shape{huge, huge, 4}), std::nullopt);
    EXPECT_EQ(elementCount(Shape{3, -1}), std::nullopt);
}

TEST(Shape, IsWrittenInBrackets) {
    EXPECT_EQ(toString(Shape{768, 384}), "[768, 384]");
    EXPECT_EQ(toString(Shape{}), "[]");
}

TEST(Shape, ExpectShapeNamesBothShapes) {
    EXPECT_NO_THROW(expectShape(Shape{2, 3}, Shape{2, 3}, "left"));
    try {
        expectShape(Shape{2, 3}, Shape{3, 2}, "left");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    testing::AllOf(testing::HasSubstr("left"), testing::HasSubstr("[2, 3]"),
                                   testing::HasSubstr("[3, 2]")));
    }
}

}  // namespace
}  // namespace rankscope
