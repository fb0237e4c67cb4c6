// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/checkpoint/t5_tensors.h"

namespace rankscope::checkpoint {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Gated, untied, 2 encoder and 3 decoder blocks: 2·7 + 3·11 = 47 linear matrices, and two more.
std::vector<WeightMatrix> matrices() {
    T5Config config;
    config.numLayers = 2;
    config.numDecoderLayers = 3;
    config.isGatedAct = true;
    return expectedTensors(config, 100, true).matrices;
}

std::vector<std::string> namesOf(const std::string& targets, const std::string& exclude = "") {
    std::vector<std::string> names;
    for (const WeightMatrix& matrix : selectMatrices(matrices(), {targets, exclude}))
        names.push_back(matrix.name);
    return names;
}

std::string failureOf(const std::string& targets, const std::string& exclude = "") {
    try {
        selectMatrices(matrices(), {targets, exclude});
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        return error.what();
    }
    return "no error";
}

TEST(Selection, GroupsAndRoles) {
    EXPECT_EQ(namesOf("all").size(), 47U);
    EXPECT_EQ(namesOf("attention").size(), 32U);  // 4 · (2 + 3 + 3)
    EXPECT_EQ(namesOf("ffn").size(), 15U);        // 3 · (2 + 3)
    EXPECT_EQ(namesOf("q").size(), 8U);
    EXPECT_EQ(namesOf("q,k,v,o"), namesOf("attention"));
    EXPECT_EQ(namesOf(" o , q,q ").size(), 16U);
    EXPECT_EQ(namesOf("wi_0,wo").size(), 10U);
}

TEST(Selection, EmbeddingAndHeadOnlyWhereNamed) {
    EXPECT_EQ(namesOf("*").size(), 47U);
    EXPECT_EQ(namesOf("*.weight").size(), 47U);
    EXPECT_EQ(namesOf("embedding"), std::vector<std::string>{"shared.weight"});
    EXPECT_EQ(namesOf("head,shared.*"),
              (std::vector<std::string>{"shared.weight", "lm_head.weight"}));
    EXPECT_EQ(namesOf("all,lm_head.weight").size(), 48U);
}

TEST(Selection, GlobsMatchTheWholeNameAcrossDots) {
    EXPECT_EQ(namesOf("decoder.*.q.weight").size(), 6U);
    EXPECT_EQ(namesOf("decoder.block.?.layer.0.SelfAttention.[qk].weight").size(), 6U);
    EXPECT_EQ(namesOf("encoder.block.1.layer.0.SelfAttention.v.weight").size(), 1U);
    EXPECT_THAT(failureOf("SelfAttention.*"), HasSubstr("matches no matrix"));
    EXPECT_THAT(failureOf("*.selfattention.*"), HasSubstr("matches no matrix"));
    EXPECT_THAT(failureOf("decoder.block.9.*"), HasSubstr("\"decoder.block.9.*\""));
}

TEST(Selection, KeepsModelOrder) {
    const auto names = namesOf("wo,q", "decoder.*");
    EXPECT_EQ(names,
              (std::vector<std::string>{"encoder.block.0.layer.0.SelfAttention.q.weight",
                                        "encoder.block.0.layer.1.DenseReluDense.wo.weight",
                                        "encoder.block.1.layer.0.SelfAttention.q.weight",
                                        "encoder.block.1.layer.1.DenseReluDense.wo.weight"}));
}

TEST(Selection, ExcludeTakesAway) {
    EXPECT_EQ(namesOf("all", "ffn"), namesOf("attention"));
    EXPECT_EQ(namesOf("all", "*.EncDecAttention.*").size(), 35U);
    EXPECT_EQ(namesOf("all", "wi").size(), 47U);  // a role this model does not have
    EXPECT_THAT(failureOf("q", "attention"), HasSubstr("leaves no matrix"));
}

TEST(Selection, UnknownWordsListThePermittedOnes) {
    for (const char* word : {"Q", "queries", "", "q,", "q k", "all,nope"})
        EXPECT_THAT(failureOf(word), AllOf(HasSubstr("--targets"), HasSubstr("wi_0"),
                                           HasSubstr("attention, ffn, all")))
            << word;
    EXPECT_THAT(failureOf("all", "dense"), AllOf(HasSubstr("--exclude"), HasSubstr("\"dense\"")));
    EXPECT_THAT(failureOf("wi"), HasSubstr("\"wi\" matches no matrix"));
}

TEST(Selection, OptionsAreDescribedOnce) {
    EXPECT_EQ(targetsOption().name, "targets");
    EXPECT_EQ(targetsOption().defaultText, Selection().targets);
    EXPECT_EQ(excludeOption().name, "exclude");
}

}  // namespace
}  // namespace rankscope::checkpoint
