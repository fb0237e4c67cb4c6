// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/backend/seq2seq.h"
#include "core/base/json.h"
#include "core/base/option.h"

namespace rankscope::model {

/// How texts are summarised. The defaults are the preset "card".
struct SummarizationOptions {
    backend::GenerationOptions generation;
    std::string prefix = "summarize: ";  ///< put before every source
    std::int64_t maxSourceLength = 512;  ///< ids, including </s>; longer sources are cut
    std::int64_t maxTargetLength = 512;  ///< ids of a reference for the loss
    std::int64_t tokenBudget = 8192;     ///< padded source tokens computed at once
    backend::ComputeType compute = backend::ComputeType::Float32;
};

/// A named setting: "card" (greedy, 20 tokens with the start token, as the published model cards
/// were measured) and "beam4" (4 beams, 60 new tokens, length penalty 1).
struct Preset {
    std::string_view name;
    std::string_view help;
    backend::GenerationOptions generation;
};
std::span<const Preset> presets();
/// Each throws Error of kind Usage naming the known ones.
const Preset& presetNamed(std::string_view name);
backend::EarlyStopping earlyStoppingNamed(std::string_view name);  ///< "false", "true", "never"
backend::ComputeType computeTypeNamed(std::string_view name);      ///< "float32", "bfloat16"
std::string_view computeTypeName(backend::ComputeType type);

/// --preset, --beams, --min-new-tokens, --max-new-tokens, --length-penalty, --early-stopping,
/// --no-repeat-ngram, --prefix, --max-source-length, --token-budget, --compute.
std::span<const Option> summarizationOptionTable();

/// Everything that decides the outputs, for provenance and to find unfinished runs again.
Json toJson(const SummarizationOptions& options);

}  // namespace rankscope::model
