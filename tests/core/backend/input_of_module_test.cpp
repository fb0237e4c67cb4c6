// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/backend/moments.h"
#include "core/t5/t5_layout.h"

namespace rankscope::backend {
namespace {

TEST(InputOfModule, IsNamedAfterTheFirstThatTakesIt) {
    const std::string self = "encoder.block.3.layer.0.SelfAttention.";
    EXPECT_EQ(t5::inputOfModule(self + "q"), self + "q");
    EXPECT_EQ(t5::inputOfModule(self + "k"), self + "q");
    EXPECT_EQ(t5::inputOfModule(self + "v"), self + "q");
    EXPECT_EQ(t5::inputOfModule(self + "o"), self + "o");
    const std::string inner = "decoder.block.11.layer.2.DenseReluDense.";
    EXPECT_EQ(t5::inputOfModule(inner + "wi_0"), inner + "wi_0");
    EXPECT_EQ(t5::inputOfModule(inner + "wi_1"), inner + "wi_0");
    EXPECT_EQ(t5::inputOfModule(inner + "wi"), inner + "wi");
    EXPECT_EQ(t5::inputOfModule(inner + "wo"), inner + "wo");
}

TEST(InputOfModule, KeysAndValuesOfCrossAttentionShareOne) {
    const std::string shared = "decoder.block.0.layer.1.EncDecAttention.k";
    for (const char* block : {"0", "7", "23"}) {
        const std::string cross =
            std::string("decoder.block.") + block + ".layer.1.EncDecAttention.";
        EXPECT_EQ(t5::inputOfModule(cross + "k"), shared);
        EXPECT_EQ(t5::inputOfModule(cross + "v"), shared);
        EXPECT_EQ(t5::inputOfModule(cross + "q"), cross + "q");
        EXPECT_EQ(t5::inputOfModule(cross + "o"), cross + "o");
    }
}

TEST(InputOfModule, OtherModulesKeepTheirName) {
    EXPECT_EQ(t5::inputOfModule("lm_head"), "lm_head");
    EXPECT_EQ(t5::inputOfModule("shared"), "shared");
    EXPECT_EQ(t5::inputOfModule("k"), "k");
}

}  // namespace
}  // namespace rankscope::backend
