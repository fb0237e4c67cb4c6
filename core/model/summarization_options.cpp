// SPDX-License-Identifier: Apache-2.0
#include "core/model/summarization_options.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "core/base/error.h"

namespace rankscope::model {

namespace {

using backend::ComputeType;
using backend::EarlyStopping;

constexpr std::array<std::pair<std::string_view, EarlyStopping>, 3> stoppings = {
    {{"false", EarlyStopping::No}, {"true", EarlyStopping::Yes}, {"never", EarlyStopping::Never}}};
constexpr std::array<std::pair<std::string_view, ComputeType>, 2> computeTypes = {
    {{"float32", ComputeType::Float32}, {"bfloat16", ComputeType::BFloat16}}};

template <typename Value, std::size_t count>
Value named(const std::array<std::pair<std::string_view, Value>, count>& table,
            std::string_view name, std::string_view option) {
    std::string names;
    for (const auto& [known, value] : table) {
        if (known == name) return value;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", known);
    }
    throw usageError(
        fmt::format("--{}: '{}' is not one of {}.", option, printable(std::string(name)), names));
}

template <typename Value, std::size_t count>
std::string_view nameOf(const std::array<std::pair<std::string_view, Value>, count>& table,
                        Value value) {
    for (const auto& [name, known] : table)
        if (known == value) return name;
    return {};
}

}  // namespace

std::span<const Preset> presets() {
    static const std::array<Preset, 2> table = [] {
        Preset card{"card", "greedy, 20 tokens, as the published model cards were measured", {}};
        Preset beams{"beam4", "4 beams, 60 new tokens", {}};
        beams.generation.beams = 4;
        beams.generation.maxNewTokens = 60;
        return std::array<Preset, 2>{card, beams};
    }();
    return table;
}

const Preset& presetNamed(std::string_view name) {
    std::string names;
    for (const Preset& preset : presets()) {
        if (preset.name == name) return preset;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
    }
    throw usageError(
        fmt::format("--preset: '{}' is not one of {}.", printable(std::string(name)), names));
}

backend::EarlyStopping earlyStoppingNamed(std::string_view name) {
    return named(stoppings, name, "early-stopping");
}

backend::ComputeType computeTypeNamed(std::string_view name) {
    return named(computeTypes, name, "compute");
}

std::string_view computeTypeName(backend::ComputeType type) { return nameOf(computeTypes, type); }

std::span<const Option> summarizationOptionTable() {
    static const std::vector<Option> table{
        {"preset",
         "Preset",
         "Defaults of the generation options; card is greedy with 19 new tokens as the "
         "published model cards were measured, beam4 is 4 beams and 60 new tokens",
         "card",
         {},
         {},
         "",
         {"card", "beam4"}},
        {"beams",
         "Beams",
         "Beams of the search, 1 is greedy (preset's: 1 or 4)",
         "",
         1,
         64,
         "",
         {}},
        {"min-new-tokens",
         "Least tokens",
         "Tokens before the end token is allowed",
         "0",
         0,
         4096,
         "tokens",
         {}},
        {"max-new-tokens",
         "Most tokens",
         "Most tokens to generate, including the end token; transformers' max_length is one more "
         "(preset's: 19 or 60)",
         "",
         1,
         4096,
         "tokens",
         {}},
        {"length-penalty",
         "Length penalty",
         "Beam scores are divided by length to this power",
         "1",
         -16,
         16,
         "",
         {}},
        {"early-stopping",
         "Early stopping",
         "When beam search ends: true at once with enough finished beams, false when none can win "
         "at its present length, never when none can win at all",
         "false",
         {},
         {},
         "",
         {"false", "true", "never"}},
        {"no-repeat-ngram",
         "No repeated n-gram",
         "No n tokens twice in one summary; 0 allows all",
         "0",
         0,
         64,
         "tokens",
         {}},
        {"prefix", "Prefix", "Put before every text", "summarize: ", {}, {}, "", {}},
        {"max-source-length",
         "Longest text",
         "Most tokens of a text; longer ones are cut",
         "512",
         2,
         65536,
         "tokens",
         {}},
        {"token-budget",
         "Token budget",
         "Padded source tokens computed at once",
         "8192",
         1,
         16777216,
         "tokens",
         {}},
        {"compute",
         "Computed in",
         "Number type of the layers",
         "float32",
         {},
         {},
         "",
         {"float32", "bfloat16"}},
    };
    return table;
}

Json toJson(const SummarizationOptions& options) {
    const backend::GenerationOptions& generation = options.generation;
    return {{"beams", generation.beams},
            {"min_new_tokens", generation.minNewTokens},
            {"max_new_tokens", generation.maxNewTokens},
            {"length_penalty", generation.lengthPenalty},
            {"early_stopping", nameOf(stoppings, generation.earlyStopping)},
            {"no_repeat_ngram", generation.noRepeatNgram},
            {"prefix", options.prefix},
            {"max_source_length", options.maxSourceLength},
            {"max_target_length", options.maxTargetLength},
            {"token_budget", options.tokenBudget},
            {"compute", nameOf(computeTypes, options.compute)}};
}

}  // namespace rankscope::model
