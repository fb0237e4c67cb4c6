// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/t5_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/t5/layer_sizes_json.h"

namespace rankscope::checkpoint {

namespace {

/// Reads keys of config.json with their type and range checked.
class ConfigReader {
 public:
    ConfigReader(const Json& json, std::string_view what) : m_json(json), m_what(what) {}

    [[noreturn]] void fail(const std::string& reason) const {
        throw Error(fmt::format("{}: {}.", m_what, reason), std::string(m_what));
    }

    /// The value, or nothing if the key is absent or null.
    const Json* find(std::string_view key) const {
        const auto found = m_json.find(key);
        return found == m_json.end() || found->is_null() ? nullptr : &*found;
    }

    void readSize(std::string_view key, std::int64_t& size, std::int64_t largest) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        const bool whole = value->is_number_integer() &&
                           (!value->is_number_unsigned() ||
                            value->get<std::uint64_t>() <= static_cast<std::uint64_t>(largest));
        if (!whole || value->get<std::int64_t>() < 1 || value->get<std::int64_t>() > largest)
            fail(fmt::format("\"{}\" is {}, expected a whole number from 1 to {}", key,
                             printable(value->dump(), 60), largest));
        size = value->get<std::int64_t>();
    }

    /// Leaves `token` as it is, with a warning, if the value is not an id: such files are common.
    void readToken(std::string_view key, std::int64_t& token,
                   std::vector<std::string>& warnings) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (const auto id = tokenId(*value)) {
            token = *id;
            return;
        }
        warnings.push_back(fmt::format("{}: \"{}\" is {}, not a token id; {} is used.", m_what, key,
                                       printable(value->dump(), 60), token));
    }

    /// Another start than the file's would give other numbers, so a wrong one is an error.
    void readStartToken(std::string_view key, std::int64_t& token) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        const auto id = tokenId(*value);
        if (!id)
            fail(
                fmt::format("\"{}\" is {}, expected a token id, a whole number from 0; T5 models "
                            "have 0 there",
                            key, printable(value->dump(), 60)));
        token = *id;
    }

    void readFlag(std::string_view key, bool& flag) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_boolean())
            fail(fmt::format("\"{}\" is {}, expected true or false", key,
                             printable(value->dump(), 60)));
        flag = value->get<bool>();
    }

    void readText(std::string_view key, std::string& text) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_string() || value->get_ref<const std::string&>().empty())
            fail(fmt::format("\"{}\" is {}, expected a text", key, printable(value->dump(), 60)));
        text = value->get<std::string>();
    }

 private:
    static std::optional<std::int64_t> tokenId(const Json& value) {
        const bool whole = value.is_number_integer() &&
                           (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
        if (!whole || value.get<std::int64_t>() < 0) return std::nullopt;
        return value.get<std::int64_t>();
    }

    const Json& m_json;
    std::string_view m_what;
};

void refuseOtherFiles(std::string_view text, std::string_view what) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos)
        throw Error(fmt::format("{} is empty; fetch the file again.", what), std::string(what));
    if (text.substr(start).starts_with("version https://git-lfs"))
        throw Error(fmt::format("{} is a Git-LFS pointer, not the file itself; run \"git lfs "
                                "pull\" in its folder.",
                                what),
                    std::string(what));
    if (text[start] == '<')
        throw Error(fmt::format("{} is an HTML or XML page, not JSON; it looks like a saved web "
                                "page. Download the raw file instead.",
                                what),
                    std::string(what));
}

bool isT5Architecture(const Json* architectures) {
    return architectures != nullptr && architectures->is_array() &&
           std::ranges::any_of(*architectures, [](const Json& name) {
               return name.is_string() && name.get_ref<const std::string&>().starts_with("T5");
           });
}

void readModelType(const ConfigReader& reader, T5Config& config) {
    reader.readText("model_type", config.modelType);
    if (config.modelType.empty() && isT5Architecture(reader.find("architectures")))
        config.modelType = "t5";
    constexpr std::array<std::string_view, 3> accepted{"t5", "mt5", "rankscope_t5"};
    if (config.modelType.empty())
        reader.fail("\"model_type\" is missing; \"t5\" is expected for a T5 or Flan-T5 model");
    if (std::ranges::find(accepted, config.modelType) == accepted.end())
        reader.fail(
            fmt::format("\"model_type\" is \"{}\"; only T5 models are read (\"t5\", \"mt5\" or "
                        "\"rankscope_t5\")",
                        printable(config.modelType)));
    if (config.modelType != "mt5") return;
    config.vocabSize = 250112;
    config.dFf = 1024;
    config.numHeads = 6;
    config.numLayers = 8;
    config.feedForwardProj = "gated-gelu";
    config.tieWordEmbeddings = false;
}

void readSizes(const ConfigReader& reader, T5Config& config) {
    constexpr std::int64_t widest = 1'000'000;
    constexpr std::int64_t deepest = 10'000;
    reader.readSize("d_model", config.dModel, widest);
    reader.readSize("d_kv", config.dKv, widest);
    reader.readSize("d_ff", config.dFf, widest);
    reader.readSize("num_heads", config.numHeads, widest);
    reader.readSize("num_layers", config.numLayers, deepest);
    config.numDecoderLayers = config.numLayers;
    reader.readSize("num_decoder_layers", config.numDecoderLayers, deepest);
    reader.readSize("vocab_size", config.vocabSize, 100'000'000);
    reader.readSize("relative_attention_num_buckets", config.relativeAttentionNumBuckets, widest);
    reader.readSize("relative_attention_max_distance", config.relativeAttentionMaxDistance, widest);
    if (config.inner() > widest)
        reader.fail(fmt::format("\"num_heads\" times \"d_kv\" is {}, more than {}", config.inner(),
                                widest));
    const Json* epsilon = reader.find("layer_norm_epsilon");
    if (epsilon == nullptr) return;
    if (!epsilon->is_number() || epsilon->get<double>() < 0 || epsilon->get<double>() >= 1)
        reader.fail(fmt::format("\"layer_norm_epsilon\" is {}, expected a number from 0 to 1",
                                printable(epsilon->dump(), 60)));
    config.layerNormEpsilon = epsilon->get<double>();
}

/// transformers: "gated-X" or "X", "gated-gelu" means gelu_new; explicit keys win.
void readActivation(const ConfigReader& reader, T5Config& config,
                    std::vector<std::string>& warnings, std::string_view what) {
    reader.readText("feed_forward_proj", config.feedForwardProj);
    const std::string& words = config.feedForwardProj;
    constexpr std::string_view gated = "gated-";
    config.isGatedAct = words.starts_with(gated);
    config.denseActFn = config.isGatedAct ? words.substr(gated.size()) : words;
    if (config.denseActFn.empty() || config.denseActFn.find('-') != std::string::npos)
        reader.fail(
            fmt::format("\"feed_forward_proj\" is \"{}\", expected an activation such as "
                        "\"relu\" or \"gated-gelu\"",
                        printable(words)));
    if (words == "gated-gelu") config.denseActFn = "gelu_new";
    const bool derivedGate = config.isGatedAct;
    const std::string derivedAct = config.denseActFn;
    reader.readFlag("is_gated_act", config.isGatedAct);
    reader.readText("dense_act_fn", config.denseActFn);
    if (config.isGatedAct == derivedGate && config.denseActFn == derivedAct) return;
    warnings.push_back(
        fmt::format("{}: is_gated_act {} and dense_act_fn \"{}\" are given explicitly and win over "
                    "feed_forward_proj \"{}\", which alone would mean {} and \"{}\".",
                    what, config.isGatedAct, printable(config.denseActFn), printable(words),
                    derivedGate, printable(derivedAct)));
}

/// Sizes of every layer and head, which our own saves may have.
void readOwnSizes(const ConfigReader& reader, T5Config& config, std::string_view what) {
    const Json* const own = reader.find("rankscope");
    if (config.modelType != "rankscope_t5" || own == nullptr || !own->is_object()) return;
    const auto sizes = own->find("sizes");
    if (sizes == own->end()) return;
    config.sizes =
        t5::sizesFromJson(JsonReader(*sizes, fmt::format("{}: \"rankscope\".sizes", what),
                                     "Copy the folder again from where it was made."),
                          config);
}

void noteCodeNeverRun(const ConfigReader& reader, const T5Config& config,
                      std::vector<std::string>& warnings, std::string_view what) {
    if (config.modelType == "rankscope_t5" || reader.find("auto_map") == nullptr) return;
    warnings.push_back(fmt::format(
        "{}: auto_map names Python code of the folder; it is never run here, the weights are read "
        "as those of a plain T5.",
        what));
}

}  // namespace

T5Config parseT5Config(std::string_view text, std::string_view what,
                       std::vector<std::string>& warnings) {
    refuseOtherFiles(text, what);
    const Json json = parseJson(text, what);
    const ConfigReader reader(json, what);
    if (!json.is_object()) reader.fail("a JSON object is expected, with the model's sizes");
    T5Config config;
    readModelType(reader, config);
    readSizes(reader, config);
    readActivation(reader, config, warnings, what);
    reader.readFlag("tie_word_embeddings", config.tieWordEmbeddings);
    config.scaleDecoderOutputs = config.tieWordEmbeddings;
    reader.readFlag("scale_decoder_outputs", config.scaleDecoderOutputs);
    reader.readToken("pad_token_id", config.padTokenId, warnings);
    reader.readToken("eos_token_id", config.eosTokenId, warnings);
    reader.readStartToken("decoder_start_token_id", config.decoderStartTokenId);
    readOwnSizes(reader, config, what);
    noteCodeNeverRun(reader, config, warnings, what);
    return config;
}

}  // namespace rankscope::checkpoint
