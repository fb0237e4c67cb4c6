// SPDX-License-Identifier: Apache-2.0
// Numbers after "Case" are those of the project's list of bad inputs.
#include "core/text/dataset/dataset.h"

#include <nlohmann/json.hpp>

#include "core/text/dataset/read_dataset.h"
#include "tests/core/text/dataset_fixture.h"

namespace rankscope::text {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

constexpr std::string_view good = R"({"id":"1","dialogue":"A: Hi.","summary":"A greets."})";

std::string jsonLines(std::string_view second) {
    return std::string(good) + "\n" + std::string(second) + "\n" + std::string(good) + "\n";
}

}  // namespace

/// The same 12 dialogues in each format; the expected ones are read from the JSON by its library.
class SameRecords : public ::testing::TestWithParam<std::pair<std::string_view, std::string_view>> {
};

TEST_P(SameRecords, InEveryFormat) {
    const auto [name, format] = GetParam();
    std::ifstream file(fixture("twelve.json"));
    const nlohmann::json expected = nlohmann::json::parse(file);
    const Dataset dataset = readDataset(fixture(name), {});
    EXPECT_EQ(dataset.format, format);
    EXPECT_EQ(dataset.sourceField, "dialogue");
    EXPECT_EQ(dataset.targetField, "summary");
    EXPECT_EQ(dataset.hash.size(), 64U);
    EXPECT_THAT(dataset.badRows, IsEmpty());
    EXPECT_EQ(dataset.duplicateIds, 0);
    ASSERT_EQ(dataset.examples.size(), 12U);
    for (std::size_t i = 0; i < 12; ++i) {
        const Example& example = dataset.examples[i];
        EXPECT_EQ(example.id, expected[i]["id"]);
        EXPECT_EQ(example.source, expected[i]["dialogue"]);
        EXPECT_THAT(example.references, ElementsAre(expected[i]["summary"]));
    }
    EXPECT_EQ(dataset.examples[0].id, "0001");
    EXPECT_EQ(dataset.examples[2].source, "Eli: Mixed ends\r\nFay: in one\nEli: dialogue, yes.");
}

INSTANTIATE_TEST_SUITE_P(
    Formats, SameRecords,
    ::testing::Values(std::pair{"twelve.json", "JSON"}, std::pair{"twelve.splits.json", "JSON"},
                      std::pair{"twelve.jsonl", "JSON lines"}, std::pair{"twelve_lf.csv", "CSV"},
                      std::pair{"twelve_crlf.csv", "CSV"}, std::pair{"twelve.7z", "7z"},
                      std::pair{"twelve.arrow", "Arrow stream"},
                      std::pair{"twelve_large.arrow", "Arrow stream"},
                      std::pair{"twelve_file.arrow", "Arrow file"},
                      std::pair{"saved", "Arrow stream"}, std::pair{"saved_dict", "Arrow stream"}));
#ifdef RANKSCOPE_PARQUET
INSTANTIATE_TEST_SUITE_P(Parquet, SameRecords,
                         ::testing::Values(std::pair{"twelve.parquet", "Parquet"}));
#endif

TEST_F(DatasetTest, HashIsThatOfTheFile) {
    // sha256sum of the line.
    EXPECT_EQ(read(good).hash, "299ace4cbabee52fce6f70ace9706d72d9ed5e5e7ea0cedef777099cffc1bc50");
}

TEST_F(DatasetTest, KnownFields) {
    const auto fieldsOf = [&](std::string_view row) {
        const Dataset dataset = read(row);
        return dataset.sourceField + " > " + dataset.targetField + " " + dataset.examples[0].id;
    };
    EXPECT_EQ(fieldsOf(R"({"id":"x","summary":"s","dialogue":"d"})"), "dialogue > summary x");
    EXPECT_EQ(fieldsOf(R"({"fname":"t_1","topic":"t","summary":"s","dialogue":"d"})"),
              "dialogue > summary t_1");
    EXPECT_EQ(fieldsOf(R"({"article":"a","highlights":"h","id":"0a"})"), "article > highlights 0a");
    EXPECT_EQ(fieldsOf(R"({"document":"a","summary":"h","id":17})"), "document > summary 17");
    EXPECT_EQ(fieldsOf(R"({"document":"a","summary":"h","id":null})"), "document > summary 0");
    const Dataset several = read(
        R"({"fname":"t","dialogue":"d","summary1":"one","summary2":"two","summary3":"three"})");
    EXPECT_EQ(several.targetField, "summary1, summary2, summary3");
    EXPECT_THAT(several.examples[0].references, ElementsAre("one", "two", "three"));
}

TEST_F(DatasetTest, NamedFields) {
    DatasetOptions options;
    options.sourceField = "instruction";
    options.targetField = "response";
    const std::string row = R"({"instruction":"do","response":"done","summary":"no"})";
    const Dataset dataset = read(row, options);
    EXPECT_EQ(dataset.examples[0].source, "do");
    EXPECT_THAT(dataset.examples[0].references, ElementsAre("done"));
    options.targetField = "answer";
    EXPECT_THAT(errorOfText(row, options),
                HasSubstr("has no field \"answer\"; its fields are: \"instruction\", \"response\", "
                          "\"summary\"."));
    EXPECT_THAT(errorOfText("instruction,response\na,b\n", options),
                HasSubstr("has no field \"answer\""));
    options.needReferences = false;
    EXPECT_THAT(errorOfText(row, options), HasSubstr("has no field \"answer\""));
    EXPECT_THAT(errorOfText(R"({"prompt":"do","reply":"done"})"),
                HasSubstr("name it with --source-field and --target-field"));
}

TEST_F(DatasetTest, WithoutReferences) {
    DatasetOptions options;
    options.needReferences = false;
    const Dataset dataset = read(
        "{\"dialogue\":\"a\"}\n{\"dialogue\":\"b\",\"summary\":null}\n"
        "{\"dialogue\":\"c\",\"summary\":\"s\"}\n",
        options);
    ASSERT_EQ(dataset.examples.size(), 3U);
    EXPECT_THAT(dataset.examples[0].references, IsEmpty());
    EXPECT_THAT(dataset.examples[1].references, IsEmpty());
    EXPECT_THAT(dataset.examples[2].references, ElementsAre("s"));
}

TEST_F(DatasetTest, LimitCountsUsableExamples) {
    DatasetOptions options;
    options.limit = 2;
    const std::string lines = jsonLines("{}") + jsonLines("{}");
    EXPECT_EQ(read(lines, options).examples.size(), 2U);
    EXPECT_EQ(read(lines, options).badRows.size(), 1U);
    const std::string array = "[" + std::string(good) + ",{}," + std::string(good) + ",{},{}]";
    EXPECT_EQ(read(array, options).badRows.size(), 1U);
    EXPECT_EQ(readDataset(fixture("twelve_lf.csv"), options).examples.size(), 2U);
    options.limit = -1;
    EXPECT_THAT(errorOfText(lines, options), HasSubstr("limit -1 is negative"));
}

TEST_F(DatasetTest, SplitsInOneJsonFile) {
    const std::string text = R"({"version": "1 [a]", "train": [], "validation" : [)" +
                             std::string(good) + R"(], "info": {"test": [1]}})";
    DatasetOptions options;
    options.split = "val";
    EXPECT_EQ(read(text, options).examples.size(), 1U);
    options.split = "test";
    EXPECT_THAT(errorOfText(text, options),
                HasSubstr("no split \"test\"; there are: \"train\", \"validation\"."));
    EXPECT_EQ(read("{\"data\":[" + std::string(good) + "]}").examples.size(), 1U);
    // A row may hold lists of its own.
    EXPECT_EQ(read(R"({"tags":[],"turns":[{"a":1}],"dialogue":"d","summary":"s"})").format,
              "JSON lines");
}

TEST_F(DatasetTest, Case94BadLineOfJsonLines) {
    const Dataset dataset = read(jsonLines("{\"id\": \"2\", \"dialogue\": \"A: "));
    EXPECT_EQ(dataset.examples.size(), 2U);
    EXPECT_THAT(badRowsOf(dataset),
                ElementsAre("2: The row cannot be read: the text is not valid JSON at column 29."));
    EXPECT_THAT(badRowsOf(read(jsonLines("[1]"))),
                ElementsAre("2: The row is not an object but array."));
    const Dataset first = read("no json\n" + std::string(good));
    EXPECT_EQ(first.format, "JSON lines");
    EXPECT_THAT(badRowsOf(first), ElementsAre(HasSubstr("1: ")));
    EXPECT_EQ(first.examples[0].id, "1");
}

TEST_F(DatasetTest, Case94BadElementsOfAnArray) {
    const std::string row(good);
    const Dataset lines = read("[\n" + row + ",\n{\"a\":tru},\n" + row + "\n]\n");
    EXPECT_EQ(lines.examples.size(), 2U);
    EXPECT_THAT(badRowsOf(lines), ElementsAre(HasSubstr("3: The row cannot be read")));
    // All on one line: elements are counted.
    EXPECT_THAT(badRowsOf(read("[" + row + ",5," + row + ",]")),
                ElementsAre("2: The row is not an object but number.", HasSubstr("4: ")));
    EXPECT_THAT(errorOfText("[" + row + ",\n{\"id\":\"2"), HasSubstr("cut off"));
    EXPECT_THAT(errorOfText("[" + row + ",\n{\"id\":\"2"), HasSubstr("begins on line 2"));
    EXPECT_THAT(errorOfText("[" + row), HasSubstr("cut off"));
    EXPECT_THAT(errorOfText("[" + row + "}"), HasSubstr("a comma or ] was expected"));
    EXPECT_THAT(errorOfText("[" + row + "]\n]"), HasSubstr("more text follows on line 2"));
    EXPECT_THAT(errorOfText("{\"data\":[" + row + "]"), HasSubstr("a comma or } was expected"));
    EXPECT_THAT(errorOfText("{\"data\":[" + row), HasSubstr("cut off"));
    EXPECT_THAT(errorOfText("{\"test\":[" + row + "],\"x"), HasSubstr("cut off"));
}

TEST_F(DatasetTest, DeepNestingIsABadRow) {
    const std::string deep =
        "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    EXPECT_THAT(
        badRowsOf(read(jsonLines(deep))),
        ElementsAre(HasSubstr("2: The row cannot be read: it is nested more than 64 deep")));
    EXPECT_THAT(
        badRowsOf(read("[" + std::string(good) + "," + deep + "]")),
        ElementsAre(HasSubstr("2: The row cannot be read: it is nested more than 64 deep")));
    EXPECT_THAT(errorOfText(std::string(100'000, '[')), HasSubstr("cut off"));
}

TEST_F(DatasetTest, OverlongRowIsABadRow) {
    const std::string longRow = "{\"dialogue\":\"" + std::string((64U << 20U) + 1, 'a') + "\"}";
    EXPECT_THAT(badRowsOf(read(jsonLines(longRow))),
                ElementsAre("2: The row is longer than 64 MiB."));
    EXPECT_THAT(badRowsOf(read("[" + std::string(good) + "," + longRow + "]")),
                ElementsAre("2: The row is longer than 64 MiB."));
    EXPECT_THAT(badRowsOf(read("dialogue,summary\na,b\n" + longRow.substr(13) + "\nc,d\n")),
                ElementsAre("3: The row is longer than 64 MiB."));
}

TEST_F(DatasetTest, Case95MissingNullNumber) {
    const auto reason = [&](std::string_view row) { return badRowsOf(read(jsonLines(row))).at(0); };
    EXPECT_EQ(reason(R"({"id":"2","summary":"s"})"), "2: The field \"dialogue\" is missing.");
    EXPECT_EQ(reason(R"({"id":"2","dialogue":"s"})"), "2: The field \"summary\" is missing.");
    EXPECT_EQ(reason(R"({"dialogue":null,"summary":"s"})"), "2: The field \"dialogue\" is null.");
    EXPECT_EQ(reason(R"({"dialogue":"d","summary":12})"),
              "2: The field \"summary\" is a number, not text.");
    EXPECT_EQ(reason(R"({"dialogue":"d","summary":1.5})"),
              "2: The field \"summary\" is a number, not text.");
    EXPECT_EQ(reason(R"({"dialogue":["d"],"summary":"s"})"),
              "2: The field \"dialogue\" is not a text.");
    // Before any good row the fields are named.
    const Dataset first = read("{\"dialogue\":\"d\",\"note\":1}\n" + std::string(good));
    EXPECT_THAT(badRowsOf(first), ElementsAre("1: The field \"summary\" is missing; there are: "
                                              "\"dialogue\", \"note\"."));
}

TEST_F(DatasetTest, Case96ByteOrderMarkAndCrLf) {
    const std::string mark = "\xef\xbb\xbf";
    EXPECT_EQ(read(mark + "[" + std::string(good) + "]").examples.size(), 1U);
    EXPECT_EQ(
        read(mark + std::string(good) + "\r\n\r\n" + std::string(good) + "\r\n").examples.size(),
        2U);
    const Dataset csv = read(mark + "\"dialogue\",summary\r\n\"a\r\nb\",c\r\n");
    EXPECT_EQ(csv.examples[0].source, "a\r\nb");
    EXPECT_THAT(csv.examples[0].references, ElementsAre("c"));
}

TEST_F(DatasetTest, Case96OtherEncodings) {
    using namespace std::string_literals;
    EXPECT_THAT(errorOfText("\xff\xfe[\0{\0"s),
                HasSubstr("UTF-16 text; only UTF-8 is read. Convert "
                          "it: iconv -f UTF-16 -t UTF-8"));
    EXPECT_THAT(errorOfText("\xfe\xff\0[\0{"s), HasSubstr("iconv -f UTF-16"));
    EXPECT_THAT(errorOfText("[\0{\0"s), HasSubstr("iconv -f UTF-16"));
    EXPECT_THAT(errorOfText("\0i\0d"s), HasSubstr("iconv -f UTF-16"));
    EXPECT_THAT(errorOfText("\xff\xfe\0\0[\0\0\0"s), HasSubstr("iconv -f UTF-32"));
}

TEST_F(DatasetTest, Case97LoneSurrogateAndInvalidUtf8) {
    EXPECT_THAT(badRowsOf(read(jsonLines(R"({"dialogue":"\ud83d","summary":"s"})"))),
                ElementsAre("2: A \\u escape in it is half of a surrogate pair."));
    EXPECT_THAT(badRowsOf(read(jsonLines(R"({"dialogue":"a\ude00","summary":"s"})"))),
                ElementsAre("2: A \\u escape in it is half of a surrogate pair."));
    const Dataset pair = read(R"({"dialogue":"\ud83d\ude00 \\ud83d","summary":"s"})");
    EXPECT_EQ(pair.examples[0].source, "\xf0\x9f\x98\x80 \\ud83d");
    EXPECT_THAT(badRowsOf(read(jsonLines("{\"dialogue\":\"\xff\",\"summary\":\"s\"}"))),
                ElementsAre(HasSubstr("2: The row cannot be read: the text is not valid UTF-8")));
    // A lead byte without its follower, an overlong slash, an encoded surrogate, above U+10FFFF.
    for (const std::string_view bytes : {"\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
        EXPECT_THAT(
            badRowsOf(read("id,dialogue,summary\n1,ab" + std::string(bytes) + ",s\n2,d,s\n")),
            ElementsAre("2: The field \"dialogue\" is not valid UTF-8 at its byte 3."));
    EXPECT_THAT(badRowsOf(read("id,dialogue,summary\n\xff,ab,s\n2,d,s\n")),
                ElementsAre("2: The field \"id\" is not valid UTF-8 at its byte 1."));
}

TEST_F(DatasetTest, Csv) {
    const Dataset dataset = read(
        "id,summary,dialogue\n"
        "01,\"He said \"\"no\"\", twice\",\"A: x\nB: y\"\n"
        "\n"
        "02,plain \"quotes\" stay,B: z");
    ASSERT_EQ(dataset.examples.size(), 2U);
    EXPECT_EQ(dataset.examples[0].source, "A: x\nB: y");
    EXPECT_THAT(dataset.examples[0].references, ElementsAre("He said \"no\", twice"));
    EXPECT_THAT(dataset.examples[1].references, ElementsAre("plain \"quotes\" stay"));
    EXPECT_THAT(errorOfText("id,id,dialogue,summary\n"), HasSubstr("two columns called \"id\""));
    EXPECT_THAT(errorOfText("a,b\n1,2\n"), HasSubstr("No field for the source is known among: "
                                                     "\"a\", \"b\""));
    EXPECT_THAT(errorOfText("\x80\x81\x82"), HasSubstr("not a dataset of a kind that is read"));
}

TEST_F(DatasetTest, Case98CsvFaults) {
    using namespace std::string_literals;
    EXPECT_THAT(errorOfText("dialogue,summary\na,b\nc,\"d\ne,f\n"),
                HasSubstr("has a quote on line 3 that is never closed"));
    const Dataset dataset = read("dialogue,summary\n\"a\nb\",c\nd\ne,f,g\nh\0,i\n\"j\"k,l\nm,n\n"s);
    EXPECT_EQ(dataset.examples.size(), 2U);
    EXPECT_THAT(badRowsOf(dataset), ElementsAre("4: The number of fields is 1, in the header 2.",
                                                "5: The number of fields is 3, in the header 2.",
                                                "6: The row holds a NUL byte.",
                                                "7: Text follows after a closing quote."));
    EXPECT_EQ(dataset.examples[1].id, "5");
}

TEST_F(DatasetTest, Case102EmptyAndDuplicates) {
    for (const std::string_view text : {"", " \n\t", "\xef\xbb\xbf"})
        EXPECT_THAT(errorOfText(text), HasSubstr("is empty"));
    for (const std::string_view text : {"[]", "{\"data\":[]}", "dialogue,summary\n"})
        EXPECT_THAT(errorOfText(text), HasSubstr("has no row."));
    const std::string empty = "{\"dialogue\":\"\",\"summary\":\"s\"}\n";
    EXPECT_THAT(errorOfText(empty + "{\"dialogue\":\" \\r\\n\",\"summary\":\"s\"}\n"),
                HasSubstr("has no usable row. Line 1: The field \"dialogue\" is empty. Line 2: The "
                          "field \"dialogue\" is empty."));
    const Dataset dataset =
        read(jsonLines(R"({"id":"1","dialogue":"d","summary":""})") + std::string(good));
    EXPECT_EQ(dataset.examples.size(), 3U);
    EXPECT_EQ(dataset.duplicateIds, 2);
    EXPECT_THAT(badRowsOf(dataset), ElementsAre("2: The field \"summary\" is empty."));
}

TEST_F(DatasetTest, TooManyBadRowsEndTheReading) {
    std::string text(good);
    for (int i = 0; i < 100'000; ++i) text += "\n{}";
    EXPECT_THAT(errorOfText(text), HasSubstr("has 100000 bad rows, the last on line 100001"));
}

TEST_F(DatasetTest, PackedFilesAreRefused) {
    EXPECT_THAT(errorOfText("\x1f\x8b\x08 rest"),
                HasSubstr("is packed with gzip; unpack it first"));
    EXPECT_THAT(errorOfText("PK\x03\x04 rest"), HasSubstr("packed with zip"));
    EXPECT_THAT(errorOf(folder() / "not there"), HasSubstr("not there"));
}

TEST(DatasetOptionTable, NamesTheOptions) {
    std::vector<std::string_view> names;
    for (const Option& option : datasetOptionTable()) names.push_back(option.name);
    EXPECT_THAT(names, ElementsAre("source-field", "target-field", "split", "limit"));
}

}  // namespace rankscope::text
