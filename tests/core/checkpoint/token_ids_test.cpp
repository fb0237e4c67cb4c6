// SPDX-License-Identifier: Apache-2.0
// Token ids of config.json and generation_config.json against the rows of the embedding.
#include "tests/core/checkpoint/bad_input.h"

namespace rankscope::checkpoint {
namespace {

using fixtures::writeFile;

/// The tiny model's embedding has 160 rows.
class TokenIds : public BadInput {
 public:
    void setId(const char* key, const std::string& value) {
        changeConfig([&](Json& json) { json[key] = parseJson(value, "value"); });
    }
    void setGeneration(const std::string& text) {
        writeFile(model() / "generation_config.json", text);
    }
};

TEST_F(TokenIds, OutsideTheEmbeddingAreRefusedWithKeyAndRange) {
    for (const char* key : {"pad_token_id", "eos_token_id", "decoder_start_token_id"}) {
        for (const char* id : {"160", "99999", "1000000000", "4294967296", "9223372036854775807"}) {
            setId(key, id);
            expectRefused(model().string(), {"config.json", std::string("\"") + key + "\" is " + id,
                                             "160 rows", "between 0 and 159"});
        }
        setId(key, "159");
        EXPECT_EQ(warningsOf(expectOpens({})).find(std::string("/config.json: \"") + key),
                  std::string::npos);
        setId(key, "0");
    }
}

TEST_F(TokenIds, AnEmbeddingTooSmallForAMissingIdIsRefused) {
    fixtures::writeTinyT5(model(), {.vocabulary = 1});
    changeConfig([](Json& json) { json.erase("eos_token_id"); });
    expectRefused(model().string(),
                  {"config.json", "\"eos_token_id\" is missing, which means 1", "between 0 and 0"});
}

TEST_F(TokenIds, RowsOfTheTensorDecideNotVocabSize) {
    changeConfig([](Json& json) { json["vocab_size"] = 100; });
    setId("decoder_start_token_id", "159");
    expectOpens({"vocab_size 100"});
    changeConfig([](Json& json) { json["vocab_size"] = 32128; });
    setId("decoder_start_token_id", "160");
    expectRefused(model().string(), {"\"decoder_start_token_id\" is 160", "between 0 and 159"});
}

TEST_F(TokenIds, AStartThatIsNoIdIsRefused) {
    for (const char* value :
         {"-1", "\"0\"", "0.5", "[0]", "true", "18446744073709551615", "1e30"}) {
        setId("decoder_start_token_id", value);
        expectRefused(model().string(), {"config.json", "\"decoder_start_token_id\"", "token id"});
    }
    setId("decoder_start_token_id", "null");
    EXPECT_EQ(expectOpens({}).config().decoderStartTokenId, 0);
}

TEST_F(TokenIds, PaddingAndEndThatAreNoIdsAreNotedAndNotUsed) {
    for (const char* value : {"-1", "[1, 700]", "18446744073709551615"}) {
        setId("eos_token_id", value);
        setId("pad_token_id", value);
        const Checkpoint checkpoint = expectOpens({"\"eos_token_id\"", "1 is used"});
        EXPECT_EQ(checkpoint.config().eosTokenId, 1);
        EXPECT_EQ(checkpoint.config().padTokenId, 0);
    }
}

TEST_F(TokenIds, OfGenerationConfigAreNotedWithFileKeyAndValue) {
    setGeneration(R"({"decoder_start_token_id": 160, "eos_token_id": [1, 4000]})");
    expectOpens({"generation_config.json: \"decoder_start_token_id\" has the id 160",
                 "generation_config.json: \"eos_token_id\" has the id 4000", "rows 0 to 159"});
    setGeneration(R"({"forced_bos_token_id": -7, "decoder_start_token_id": 0})");
    expectOpens({"\"forced_bos_token_id\" has the id -7"});
    setGeneration(R"({"decoder_start_token_id": 18446744073709551615})");
    expectOpens({"\"decoder_start_token_id\" has the id 9223372036854775807"});
}

TEST_F(TokenIds, ThatDifferInGenerationConfigAreNoted) {
    setGeneration(R"({"decoder_start_token_id": 5, "eos_token_id": [1, 2]})");
    const Checkpoint checkpoint =
        expectOpens({"\"decoder_start_token_id\" is 5, but 0 counts here, from config.json",
                     "\"eos_token_id\" is 1, 2, but 1 counts here"});
    EXPECT_EQ(checkpoint.config().decoderStartTokenId, 0);
    setGeneration(R"({"decoder_start_token_id": 0, "eos_token_id": [1], "pad_token_id": null})");
    EXPECT_EQ(warningsOf(expectOpens({})), "");
}

TEST_F(TokenIds, ADamagedGenerationConfigIsNotedOnly) {
    setGeneration("{\"eos_token_id\": 1");
    expectOpens({"generation_config.json", "not valid JSON"});
    for (const char* text : {"[]", "null", "\"x\"", "{}"}) {
        setGeneration(text);
        EXPECT_EQ(warningsOf(expectOpens({})), "") << text;
    }
    std::filesystem::remove(model() / "generation_config.json");
    EXPECT_EQ(warningsOf(expectOpens({})), "");
}

}  // namespace
}  // namespace rankscope::checkpoint
