// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace rankscope {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Words = std::vector<std::string_view>;

const Words commands = {"inspect", "spectrum", "curve", "compare", "plan", "report"};

TEST(EditDistance, CountsLettersPutInLeftOutReplacedAndSwapped) {
    EXPECT_EQ(editDistance("", ""), 0U);
    EXPECT_EQ(editDistance("", "abc"), 3U);
    EXPECT_EQ(editDistance("rank", "rank"), 0U);
    EXPECT_EQ(editDistance("inspekt", "inspect"), 1U);
    EXPECT_EQ(editDistance("rnak", "rank"), 1U);
    EXPECT_EQ(editDistance("kitten", "sitting"), 3U);  // the textbook's
    // Restricted: the swapped pair may not be parted, so 3 and not 2 as without the restriction.
    EXPECT_EQ(editDistance("ca", "abc"), 3U);
}

TEST(NearestWords, AreThoseWithTheFewestEdits) {
    EXPECT_THAT(nearestWords("inspekt", commands), ElementsAre("inspect"));
    EXPECT_THAT(nearestWords("Plna", commands), ElementsAre("plan"));
    EXPECT_THAT(nearestWords("curv", commands), ElementsAre("curve"));
    // "rang" is one edit from both.
    EXPECT_THAT(nearestWords("rang", Words{"range", "rank", "rarity"}),
                ElementsAre("range", "rank"));
}

TEST(NearestWords, AreNoneIfNothingIsNear) {
    EXPECT_THAT(nearestWords("nonsense", commands), IsEmpty());
    EXPECT_THAT(nearestWords("", commands), IsEmpty());
    EXPECT_THAT(nearestWords("x", Words{"q", "k", "v"}), IsEmpty());  // all letters are wrong
    EXPECT_THAT(nearestWords("pea", commands), IsEmpty());            // 2 of 4 letters
    EXPECT_THAT(nearestWords(std::string(100'000, 'a'), commands), IsEmpty());
}

TEST(NearestWords, AreBeginningsAndPartsIfNoneIsAFewEditsAway) {
    const Words options = {"allocation", "allocation-error", "batch-size", "beams", "budget"};
    EXPECT_THAT(nearestWords("alloc", options), ElementsAre("allocation", "allocation-error"));
    EXPECT_THAT(nearestWords("size", options), ElementsAre("batch-size"));
    EXPECT_THAT(nearestWords("num-beams", options), ElementsAre("beams"));
    EXPECT_THAT(nearestWords("b", options), IsEmpty());
}

TEST(DidYouMean, IsTheEndOfASentence) {
    EXPECT_EQ(didYouMean("inspekt", commands), "; did you mean inspect?");
    EXPECT_EQ(didYouMean("rang", Words{"range", "rank"}, "--"),
              "; did you mean --range or --rank?");
    EXPECT_EQ(didYouMean("abx", Words{"aba", "abb", "abc", "abd"}),
              "; did you mean aba, abb or abc?");
    EXPECT_EQ(didYouMean("nonsense", commands), "");
}

}  // namespace
}  // namespace rankscope
