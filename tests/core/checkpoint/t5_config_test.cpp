// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/t5_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace rankscope::checkpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
    T5Config config;
    std::vector<std::string> warnings;
};

Parsed parse(const std::string& members) {
    Parsed parsed;
    parsed.config =
        parseT5Config(R"({"model_type": "t5")" + members + "}", "config.json", parsed.warnings);
    return parsed;
}

std::string failureOf(const std::string& text) {
    std::vector<std::string> warnings;
    try {
        parseT5Config(text, "config.json", warnings);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(T5Config, DefaultsAreThoseOfTransformers) {
    const auto [config, warnings] = parse("");
    EXPECT_EQ(config.dModel, 512);
    EXPECT_EQ(config.dKv, 64);
    EXPECT_EQ(config.dFf, 2048);
    EXPECT_EQ(config.numHeads, 8);
    EXPECT_EQ(config.numLayers, 6);
    EXPECT_EQ(config.numDecoderLayers, 6);
    EXPECT_EQ(config.vocabSize, 32128);
    EXPECT_EQ(config.denseActFn, "relu");
    EXPECT_FALSE(config.isGatedAct);
    EXPECT_TRUE(config.tieWordEmbeddings);
    EXPECT_TRUE(config.scaleDecoderOutputs);
    EXPECT_THAT(warnings, IsEmpty());
}

TEST(T5Config, FlanT5Small) {
    const auto [config, warnings] =
        parse(R"(, "d_model": 512, "d_ff": 1024, "num_layers": 8, "num_decoder_layers": 8,
                 "num_heads": 6, "d_kv": 64, "feed_forward_proj": "gated-gelu",
                 "tie_word_embeddings": false, "is_gated_act": true, "dense_act_fn": "gelu_new")");
    EXPECT_EQ(config.inner(), 384);
    EXPECT_TRUE(config.isGatedAct);
    EXPECT_EQ(config.denseActFn, "gelu_new");
    EXPECT_FALSE(config.scaleDecoderOutputs);
    EXPECT_THAT(warnings, IsEmpty());
}

TEST(T5Config, DecoderDepthFollowsTheEncoderUnlessGiven) {
    EXPECT_EQ(parse(R"(, "num_layers": 3)").config.numDecoderLayers, 3);
    EXPECT_EQ(parse(R"(, "num_layers": 3, "num_decoder_layers": null)").config.numDecoderLayers, 3);
    EXPECT_EQ(parse(R"(, "num_layers": 3, "num_decoder_layers": 5)").config.numDecoderLayers, 5);
}

TEST(T5Config, ActivationIsDerivedAsTransformersDoes) {
    EXPECT_EQ(parse(R"(, "feed_forward_proj": "gated-silu")").config.denseActFn, "silu");
    EXPECT_TRUE(parse(R"(, "feed_forward_proj": "gated-silu")").config.isGatedAct);
    EXPECT_EQ(parse(R"(, "feed_forward_proj": "gelu")").config.denseActFn, "gelu");
    EXPECT_THAT(failureOf(R"({"model_type": "t5", "feed_forward_proj": "double-gelu"})"),
                HasSubstr("feed_forward_proj"));
    EXPECT_THAT(failureOf(R"({"model_type": "t5", "feed_forward_proj": "gated-"})"),
                HasSubstr("feed_forward_proj"));
}

TEST(T5Config, ExplicitActivationKeysWinWithAWarning) {
    // As in early google/flan-t5-xxl.
    const auto [config, warnings] =
        parse(R"(, "feed_forward_proj": "gelu", "is_gated_act": true, "dense_act_fn": "gelu")");
    EXPECT_TRUE(config.isGatedAct);
    EXPECT_EQ(config.denseActFn, "gelu");
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("is_gated_act true")));
}

TEST(T5Config, ScaleOfTheHeadIsItsOwnKey) {
    EXPECT_TRUE(parse(R"(, "tie_word_embeddings": true)").config.scaleDecoderOutputs);
    EXPECT_FALSE(parse(R"(, "tie_word_embeddings": false)").config.scaleDecoderOutputs);
    // As transformers 5 writes Flan-T5.
    EXPECT_FALSE(parse(R"(, "tie_word_embeddings": true, "scale_decoder_outputs": false)")
                     .config.scaleDecoderOutputs);
}

TEST(T5Config, OddTokenIdsAreNotedAndLeftOut) {
    const auto [config, warnings] = parse(R"(, "eos_token_id": [1, 2], "pad_token_id": 5)");
    EXPECT_EQ(config.eosTokenId, 1);
    EXPECT_EQ(config.padTokenId, 5);
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("eos_token_id")));
}

TEST(T5Config, ModelTypesAcceptedAndRefused) {
    std::vector<std::string> warnings;
    EXPECT_EQ(
        parseT5Config(R"({"model_type": "rankscope_t5", "auto_map": {}})", "c", warnings).modelType,
        "rankscope_t5");
    EXPECT_THAT(warnings, IsEmpty());
    const T5Config mt5 = parseT5Config(R"({"model_type": "mt5"})", "c", warnings);
    EXPECT_EQ(mt5.vocabSize, 250112);
    EXPECT_TRUE(mt5.isGatedAct);
    EXPECT_EQ(parseT5Config(R"({"architectures": ["T5ForConditionalGeneration"]})", "c", warnings)
                  .modelType,
              "t5");
    EXPECT_THAT(failureOf(R"({"model_type": "longt5"})"), HasSubstr("\"longt5\""));
    EXPECT_THAT(failureOf("{}"), HasSubstr("\"model_type\" is missing"));
    EXPECT_THAT(failureOf("[]"), HasSubstr("JSON object"));
    EXPECT_THAT(failureOf(""), HasSubstr("empty"));
}

TEST(T5Config, WrongKindsOfValuesAreRefused) {
    const auto refused = [](const std::string& member) {
        return failureOf(R"({"model_type": "t5", )" + member + "}");
    };
    EXPECT_THAT(refused(R"("num_layers": 0)"), HasSubstr("num_layers"));
    EXPECT_THAT(refused(R"("num_heads": 1000000, "d_kv": 1000000)"), HasSubstr("num_heads"));
    EXPECT_THAT(refused(R"("tie_word_embeddings": "no")"), HasSubstr("true or false"));
    EXPECT_THAT(refused(R"("dense_act_fn": 3)"), HasSubstr("dense_act_fn"));
    EXPECT_THAT(refused(R"("layer_norm_epsilon": -1)"), HasSubstr("layer_norm_epsilon"));
    EXPECT_THAT(refused(R"("d_ff": 5, "d_ff": 6)"), HasSubstr("twice"));
    EXPECT_THAT(failureOf(R"({"model_type": "x\u001b\u202e"})"), HasSubstr("x\\u001b\\u202e"));
}

}  // namespace
}  // namespace rankscope::checkpoint
