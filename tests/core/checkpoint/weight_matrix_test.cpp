// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/weight_matrix.h"

#include <gtest/gtest.h>

namespace rankscope::checkpoint {
namespace {

struct Known {
    const char* name;
    Stack stack;
    int block;
    Sublayer sublayer;
    Role role;
};

TEST(WeightMatrix, TensorNamesSayWhatAMatrixDoes) {
    using enum Sublayer;
    const std::vector<Known> cases{
        {"shared.weight", Stack::Shared, -1, Vocabulary, Role::Embedding},
        {"encoder.embed_tokens.weight", Stack::Shared, -1, Vocabulary, Role::Embedding},
        {"decoder.embed_tokens.weight", Stack::Shared, -1, Vocabulary, Role::Embedding},
        {"lm_head.weight", Stack::Shared, -1, Vocabulary, Role::Head},
        {"encoder.block.0.layer.0.SelfAttention.q.weight", Stack::Encoder, 0, SelfAttention,
         Role::Q},
        {"decoder.block.11.layer.0.SelfAttention.o.weight", Stack::Decoder, 11, SelfAttention,
         Role::O},
        {"decoder.block.3.layer.1.EncDecAttention.k.weight", Stack::Decoder, 3, CrossAttention,
         Role::K},
        {"encoder.block.2.layer.1.DenseReluDense.wi_0.weight", Stack::Encoder, 2, FeedForward,
         Role::Wi0},
        {"encoder.block.2.layer.1.DenseReluDense.wi.weight", Stack::Encoder, 2, FeedForward,
         Role::Wi},
        {"decoder.block.23.layer.2.DenseReluDense.wo.weight", Stack::Decoder, 23, FeedForward,
         Role::Wo},
    };
    for (const Known& expected : cases) {
        const auto matrix = matrixOfTensorName(expected.name);
        ASSERT_TRUE(matrix) << expected.name;
        EXPECT_EQ(matrix->name, expected.name);
        EXPECT_EQ(matrix->stack, expected.stack) << expected.name;
        EXPECT_EQ(matrix->block, expected.block) << expected.name;
        EXPECT_EQ(matrix->sublayer, expected.sublayer) << expected.name;
        EXPECT_EQ(matrix->role, expected.role) << expected.name;
    }
}

TEST(WeightMatrix, OtherTensorsAreNoMatrices) {
    for (const char* name : {"", "q.weight", "encoder.final_layer_norm.weight",
                             "encoder.block.0.layer.0.layer_norm.weight",
                             "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                             "encoder.block.0.layer.1.EncDecAttention.q.weight",
                             "decoder.block.0.layer.1.DenseReluDense.wo.weight",
                             "encoder.block.0.layer.0.SelfAttention.wo.weight",
                             "encoder.block.0.layer.1.DenseReluDense.q.weight",
                             "encoder.block.0.layer.0.SelfAttention.head.weight",
                             "encoder.block.-1.layer.0.SelfAttention.q.weight",
                             "encoder.block.01.layer.0.SelfAttention.q.weight",
                             "encoder.block..layer.0.SelfAttention.q.weight", "encoder.block.",
                             "encoder.block.99999999999999999999.layer.0.SelfAttention.q.weight",
                             "encoder.block.0.layer.0.SelfAttention.q.down.weight",
                             "encoder.block.0.layer.0.SelfAttention.q.bias", "shared.weight "})
        EXPECT_FALSE(matrixOfTensorName(name)) << name;
}

TEST(WeightMatrix, WordsAndValuesGoBothWays) {
    for (const char* name : {"q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo", "embedding", "head"}) {
        ASSERT_TRUE(parseRole(name)) << name;
        EXPECT_EQ(roleName(*parseRole(name)), name);
    }
    for (const char* name : {"dense", "factored", "pivoted"})
        EXPECT_EQ(storageName(parseStorage(name).value()), name);
    EXPECT_FALSE(parseRole("Q"));
    EXPECT_FALSE(parseStorage("auto"));
    EXPECT_EQ(stackName(Stack::Encoder), "encoder");
    EXPECT_EQ(stackName(Stack::Decoder), "decoder");
    EXPECT_EQ(stackName(Stack::Shared), "shared");
}

TEST(WeightMatrix, ModuleIsTheNameWithoutItsEnding) {
    EXPECT_EQ(matrixOfTensorName("lm_head.weight")->module(), "lm_head");
}

}  // namespace
}  // namespace rankscope::checkpoint
