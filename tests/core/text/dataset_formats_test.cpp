// SPDX-License-Identifier: Apache-2.0
// Archives, Arrow, Parquet and folders. Numbers after "Case" are those of the project's list of bad
// inputs; the files are made by make_dataset_fixtures.py.
#include <cstdint>
#include <cstring>

#include "core/text/dataset/read_dataset.h"
#include "tests/core/text/dataset_fixture.h"

namespace rankscope::text {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace {

std::string contentOf(std::string_view name) {
    std::ifstream file(fixture(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

DatasetOptions splitOf(std::string split) {
    DatasetOptions options;
    options.split = std::move(split);
    return options;
}

}  // namespace

TEST_F(DatasetTest, SevenZipSplits) {
    EXPECT_THAT(idsOf(readDataset(fixture("twelve.7z"), splitOf("train"))), ElementsAre("0001"));
    EXPECT_THAT(idsOf(readDataset(fixture("twelve.7z"), splitOf("validation"))), ElementsAre("12"));
    EXPECT_THAT(errorOf(fixture("twelve.7z"), splitOf("mine")),
                HasSubstr("no file for the split \"mine\" (such as mine.json); it holds: "
                          "licence.txt, train.json, val.json, test.json."));
    EXPECT_THAT(errorOf(fixture("two.7z")),
                HasSubstr("several files for the split \"test\", or not all parts of one: "
                          "a/test.json, b/test.json."));
}

TEST_F(DatasetTest, Case99DamagedSevenZip) {
    for (const std::string_view name : {"truncated.7z", "damaged_header.7z", "damaged_data.7z"})
        EXPECT_THAT(errorOf(fixture(name)), HasSubstr("Is it damaged or cut off?")) << name;
    // Cut off anywhere, it is an Error.
    const std::string whole = contentOf("twelve.7z");
    for (std::size_t length = 6; length < whole.size(); length += 13)
        EXPECT_THAT(errorOfText(whole.substr(0, length)), HasSubstr("cannot be unpacked"))
            << length;
}

TEST_F(DatasetTest, Case99SevenZipThatIsNotRead) {
    EXPECT_THAT(errorOf(fixture("password.7z")), HasSubstr("it is protected by a password"));
    EXPECT_THAT(errorOf(fixture("nested.7z")),
                HasSubstr("test.json in it is a 7z file; unpack it"));
    EXPECT_THAT(errorOf(fixture("bomb.7z")),
                HasSubstr("unpacked it is more than 1000 times as large as packed"));
    EXPECT_THAT(errorOf(fixture("parent_name.7z")), HasSubstr("it holds: nothing."));
    EXPECT_THAT(errorOf(fixture("link.7z")), HasSubstr("it holds: nothing."));
}

TEST_F(DatasetTest, Case100SevenZipOfManyEntries) {
    EXPECT_THAT(errorOf(fixture("many.7z")), HasSubstr("it holds more than 10000 entries"));
}

TEST_F(DatasetTest, ArrowColumnsOfOtherTypes) {
    std::ifstream file(fixture("twelve.json"));
    const Json expected = Json::parse(file);
    const Dataset dataset = readDataset(fixture("mixed.arrow"), {});
    ASSERT_THAT(dataset.examples, SizeIs(12));
    for (std::size_t i = 0; i < 12; ++i) {
        EXPECT_EQ(dataset.examples[i].id, std::to_string(i));
        EXPECT_EQ(dataset.examples[i].source, expected[i]["dialogue"]);
        EXPECT_THAT(dataset.examples[i].references, ElementsAre(expected[i]["summary"]));
    }
    DatasetOptions options;
    options.sourceField = "nowhere";
    EXPECT_THAT(errorOf(fixture("mixed.arrow"), options),
                HasSubstr("has no field \"nowhere\"; its fields are: \"flag\", \"turns\", \"id\""));
    options.sourceField = "turns";
    EXPECT_THAT(errorOf(fixture("mixed.arrow"), options),
                HasSubstr("Line 1: The field \"turns\" is not a text."));
    options.sourceField = "id";
    EXPECT_THAT(errorOf(fixture("mixed.arrow"), options),
                HasSubstr("Line 1: The field \"id\" is a number, not text."));
}

TEST_F(DatasetTest, ArrowNulls) {
    const Dataset dataset = readDataset(fixture("gaps.arrow"), {});
    EXPECT_THAT(idsOf(dataset), ElementsAre("a", "1"));
    EXPECT_THAT(badRowsOf(dataset), ElementsAre("3: The field \"dialogue\" is null.",
                                                "4: The field \"dialogue\" is empty."));
}

TEST_F(DatasetTest, ArrowThatIsNotRead) {
    EXPECT_THAT(errorOf(fixture("compressed.arrow")),
                HasSubstr("is packed inside (LZ4 or ZSTD), which is not read"));
    const std::string whole = contentOf("gaps.arrow");
    EXPECT_THAT(errorOfText(whole.substr(0, 4)), HasSubstr("it was cut off"));
    EXPECT_THAT(errorOfText(whole.substr(0, 4) + std::string(4, '\0')),
                HasSubstr("holds no table"));
    EXPECT_THAT(errorOfText(whole.substr(0, 4) + std::string(4, '\x7f')),
                HasSubstr("its metadata is longer than 64 MiB"));
}

TEST_F(DatasetTest, CutOffArrowIsAnError) {
    const std::string whole = contentOf("gaps.arrow");
    std::uint32_t length = 0;
    std::memcpy(&length, whole.data() + 4, 4);
    const std::size_t afterSchema = 8 + length;
    for (std::size_t size = 8; size < whole.size() - 8; ++size) {
        const std::string error = errorOfText(whole.substr(0, size));
        EXPECT_THAT(error, HasSubstr(size == afterSchema ? "has no row" : "it was cut off"))
            << size;
    }
}

/// Whatever byte is changed, the file is read or refused with a sentence; under the sanitizers
/// this also shows that nothing outside the buffers is touched.
TEST_F(DatasetTest, DamagedArrowNeverCrashes) {
    int refused = 0;
    for (const std::string_view name : {"gaps.arrow", "mixed.arrow"}) {
        const std::string whole = contentOf(name);
        for (std::size_t at = 8; at < whole.size(); ++at) {
            for (const char value : {'\x00', '\x7f', '\xff'}) {
                std::string damaged = whole;
                damaged[at] = value;
                const std::string error = errorOfText(damaged);
                if (error.empty()) continue;
                ++refused;
                EXPECT_TRUE(error.ends_with(".")) << error;
            }
        }
    }
    EXPECT_GT(refused, 1000);
}

TEST_F(DatasetTest, SavedFolders) {
    EXPECT_THAT(readDataset(fixture("saved"), {}).hash, SizeIs(64));
    EXPECT_THAT(idsOf(readDataset(fixture("saved_dict"), splitOf("train"))), ElementsAre("0001"));
    EXPECT_THAT(errorOf(fixture("saved_dict"), splitOf("validation")),
                HasSubstr("has no split \"validation\"; it has: test, train."));
    DatasetOptions options;
    options.limit = 8;
    EXPECT_EQ(idsOf(readDataset(fixture("saved"), options)).back(), "8");
}

TEST_F(DatasetTest, DamagedStateOfASavedFolder) {
    const auto errorOfState = [&](std::string_view state) {
        write("saved/state.json", state);
        return errorOf(folder() / "saved");
    };
    EXPECT_THAT(errorOfState("{"), HasSubstr("state.json cannot be read"));
    EXPECT_THAT(errorOfState("[]"), HasSubstr("it has no list _data_files"));
    EXPECT_THAT(errorOfState(R"({"_data_files":[]})"), HasSubstr("it names no file"));
    EXPECT_THAT(errorOfState(R"({"_data_files":[{}]})"), HasSubstr("has no filename"));
    for (const std::string_view name : {"../x.arrow", "/etc/hostname", "..", "a/b", ""})
        EXPECT_THAT(errorOfState(R"({"_data_files":[{"filename":")" + std::string(name) + "\"}]}"),
                    HasSubstr("leads out of the folder"));
    EXPECT_THAT(errorOfState(R"({"_data_files":[{"filename":"none.arrow"}]})"),
                HasSubstr("none.arrow"));
    EXPECT_THAT(errorOfState(R"({"_data_files":[{"filename":"a"}],"_indices_data_files":[{}]})"),
                HasSubstr("flatten_indices()"));
}

TEST_F(DatasetTest, FolderWithAFileForEachSplit) {
    const std::string_view row = R"({"id":"1","dialogue":"d","summary":"s"})";
    EXPECT_THAT(errorOf(folder()), HasSubstr("has no file for the split \"test\""));
    write("samsum-test.jsonl", row);
    write("contest.json", row);
    write("test.txt", row);
    EXPECT_THAT(readDataset(folder(), {}).examples, SizeIs(1));
    write("test.csv", "dialogue,summary\na,b\nc,d\n");
    EXPECT_EQ(readDataset(folder(), {}).format, "CSV");
    write("test.json", row);
    EXPECT_THAT(errorOf(folder()), HasSubstr("several files for the split \"test\""));
    write("val-00000-of-00002.jsonl", row);
    EXPECT_THAT(errorOf(folder(), splitOf("validation")), HasSubstr("not all parts of one"));
    write("val-00001-of-00002.jsonl", "{}\n" + std::string(row));
    const Dataset dataset = readDataset(folder(), splitOf("validation"));
    EXPECT_EQ(dataset.duplicateIds, 1);
    EXPECT_THAT(badRowsOf(dataset),
                ElementsAre(HasSubstr("1: val-00001-of-00002.jsonl: The field")));
}

#ifdef RANKSCOPE_PARQUET
TEST_F(DatasetTest, Case101DamagedParquet) {
    const std::string whole = contentOf("twelve.parquet");
    const auto withFooterLength = [&](std::uint32_t length) {
        std::string damaged = whole;
        std::memcpy(damaged.data() + damaged.size() - 8, &length, 4);
        return damaged;
    };
    for (const std::string& damaged :
         {whole.substr(0, whole.size() / 2), whole.substr(0, 4), whole.substr(0, whole.size() - 1),
          withFooterLength(0x7FFFFFFF), withFooterLength(0)})
        EXPECT_THAT(errorOfText(damaged), HasSubstr("cannot be read as Parquet"));
    DatasetOptions options;
    options.targetField = "nowhere";
    EXPECT_THAT(errorOf(fixture("twelve.parquet"), options), HasSubstr("has no field \"nowhere\""));
    EXPECT_THAT(errorOf(fixture("wrong_type.parquet")),
                HasSubstr("Line 1: The field \"dialogue\" is a number, not text."));
}

/// Row counts, indices into dictionaries and lengths are among the bytes that are changed.
TEST_F(DatasetTest, Case101DamagedParquetNeverCrashes) {
    const std::string whole = contentOf("twelve.parquet");
    int refused = 0;
    for (std::size_t at = 4; at < whole.size(); at += 3) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        const std::string error = errorOfText(damaged);
        if (error.empty()) continue;
        ++refused;
        EXPECT_TRUE(error.ends_with(".")) << error;
    }
    EXPECT_GT(refused, 100);
}
#else
TEST_F(DatasetTest, ParquetWithoutArrowSaysHowToConvert) {
    EXPECT_THAT(errorOf(fixture("twelve.parquet")),
                HasSubstr("twelve.jsonl', orient='records', lines=True)\""));
    EXPECT_THAT(errorOf(fixture("twelve.parquet")),
                HasSubstr("python3 -c \"import pandas; pandas.read_parquet('"));
}
#endif

}  // namespace rankscope::text
