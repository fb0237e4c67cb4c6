// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/open_checkpoint.h"

namespace rankscope::checkpoint {

namespace fs = std::filesystem;

namespace {

/// The whole numbers of a key of generation_config.json, one or a list; other values are left out.
std::vector<std::int64_t> idsOf(const Json& json, const char* key) {
    std::vector<std::int64_t> ids;
    const auto found = json.find(key);
    if (found == json.end()) return ids;
    const Json list = found->is_array() ? *found : Json::array({*found});
    for (const Json& value : list)
        if (value.is_number_unsigned())
            ids.push_back(static_cast<std::int64_t>(
                std::min<std::uint64_t>(value.get<std::uint64_t>(), INT64_MAX)));
        else if (value.is_number_integer())
            ids.push_back(value.get<std::int64_t>());
    return ids;
}

}  // namespace

/// These ids are looked up in the embedding, or are columns of the logits.
void CheckpointBuilder::checkTokenIds(std::int64_t rows) const {
    const T5Config& config = m_result.m_config;
    const std::array<std::pair<const char*, std::int64_t>, 3> ids{
        {{"pad_token_id", config.padTokenId},
         {"eos_token_id", config.eosTokenId},
         {"decoder_start_token_id", config.decoderStartTokenId}}};
    for (const auto& [key, id] : ids) {
        if (id < rows) continue;
        const Json& json = m_result.m_configJson;
        const bool given = json.contains(key) && !json.at(key).is_null();
        fail(m_result.m_folder / "config.json",
             fmt::format(
                 "\"{}\" is {}, but the embedding has {} rows, so it must lie between 0 and "
                 "{}; put the id there that the model was trained with (T5 models have 0 "
                 "to start and to pad, and 1 to end)",
                 key, given ? fmt::format("{}", id) : fmt::format("missing, which means {}", id),
                 rows, rows - 1));
    }
}

/// Rankscope generates by config.json alone. transformers' generate() takes this file first, so
/// note anything that would make it fail there, or give other summaries.
void CheckpointBuilder::checkGenerationConfig(std::int64_t rows) {
    const fs::path path = m_result.m_folder / "generation_config.json";
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return;
    Json json;
    try {
        json = parseJson(readTextFile(path, largestConfig), shown(path));
    } catch (const Error& error) {
        warn(error.what());
        return;
    }
    for (const char* key : {"pad_token_id", "bos_token_id", "eos_token_id",
                            "decoder_start_token_id", "forced_bos_token_id", "forced_eos_token_id"})
        for (const std::int64_t id : idsOf(json, key))
            if (id < 0 || id >= rows)
                warn(
                    fmt::format("{}: \"{}\" has the id {}, but the embedding has rows 0 to {} "
                                "only. The file is not used here, but transformers' generate() "
                                "looks at it.",
                                shown(path), key, id, rows - 1));
    const T5Config& config = m_result.m_config;
    for (const auto& [key, own] :
         {std::pair{"eos_token_id", config.eosTokenId},
          std::pair{"decoder_start_token_id", config.decoderStartTokenId}}) {
        const std::vector<std::int64_t> ids = idsOf(json, key);
        if (ids.empty() || ids == std::vector{own}) continue;
        warn(
            fmt::format("{}: \"{}\" is {}, but {} counts here, from config.json; transformers' "
                        "generate() takes the former.",
                        shown(path), key, fmt::join(ids, ", "), own));
    }
}

}  // namespace rankscope::checkpoint
