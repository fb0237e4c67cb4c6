// SPDX-License-Identifier: Apache-2.0
#include "core/base/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope {
namespace {

using ::testing::HasSubstr;

/// Keeps warnings.
class Warnings : public Progress {
 public:
    void warn(std::string_view sentence) const override { all.emplace_back(sentence); }
    mutable std::vector<std::string> all;
};

class JournalTest : public ::testing::Test {
 protected:
    /// The entries as another run finds them.
    std::vector<Json> found() {
        const Journal journal(path, key, warnings);
        return {journal.entries().begin(), journal.entries().end()};
    }
    void write(std::initializer_list<int> parts) {
        Journal journal(path, key, warnings);
        for (const int part : parts) journal.append({{"part", part}});
    }

    fixtures::TempFolder folder;
    std::filesystem::path path = folder / "work.jsonl";
    Json key = {{"model", "a"}, {"seed", 1}};
    Warnings warnings;
};

TEST_F(JournalTest, GoesOnWhereAnotherRunWas) {
    write({1, 2});
    write({3});
    const auto entries = found();
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[2], (Json{{"part", 3}}));
    EXPECT_TRUE(warnings.all.empty());
}

TEST_F(JournalTest, BelievesNothingFromTheFirstDamagedLineOn) {
    write({1, 2, 3});
    const std::string whole = fixtures::readFile(path);
    // Cut at every byte of the last line, and one digit of the middle line changed.
    const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t size = last + 1; size < whole.size(); ++size) {
        fixtures::writeFile(path, whole.substr(0, size));
        EXPECT_EQ(found().size(), 2U) << size;
        EXPECT_EQ(fixtures::readFile(path), whole.substr(0, last)) << size;
    }
    std::string flipped = whole;
    flipped[whole.find("\"part\":2") + 7] = '7';
    fixtures::writeFile(path, flipped);
    warnings.all.clear();
    EXPECT_EQ(found().size(), 1U);
    ASSERT_EQ(warnings.all.size(), 1U);
    EXPECT_THAT(warnings.all[0], HasSubstr("work.jsonl is damaged or cut short from byte"));
}

TEST_F(JournalTest, RefusesOtherWorkAndASecondUser) {
    write({1});
    EXPECT_THROW(Journal(path, {{"model", "b"}}, warnings), Error);
    const Journal first(path, key, warnings);
    try {
        const Journal second(path, key, warnings);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("in use"));
    }
}

TEST_F(JournalTest, ClosesOnceItCannotBeWritten) {
    EXPECT_THROW(Journal(folder / "none" / "work.jsonl", key, warnings), Error);
    Journal nothing;
    nothing.append({{"part", 1}});
    EXPECT_FALSE(nothing.isOpen());
    EXPECT_TRUE(nothing.entries().empty());
}

}  // namespace
}  // namespace rankscope
