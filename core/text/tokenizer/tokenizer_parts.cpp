// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/tokenizer_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/text/tokenizer/unigram.h"
#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

constexpr std::int32_t largestId = 1 << 24;
constexpr int mostExtraIds = 10000;

[[noreturn]] void reject(const std::filesystem::path& file, std::string_view reason) {
    throw Error(fmt::format("{}: {}. Take the tokenizer files from where the model came from.",
                            printable(file.string(), 4096), reason),
                file.string());
}

void checkPiece(const TokenizerParts& parts, std::size_t i, const std::filesystem::path& file) {
    const std::string& piece = parts.pieces[i];
    if (piece.empty()) reject(file, fmt::format("piece {} is empty", i));
    if (piece.size() > longestPiece)
        reject(file, fmt::format("piece {} has {} bytes, over the limit of {}", i, piece.size(),
                                 longestPiece));
    if (!isUtf8(piece)) reject(file, fmt::format("piece {} is not valid UTF-8", i));
    if (!std::isfinite(parts.scores[i]))
        reject(file,
               fmt::format("the score of piece {} (\"{}\") is not a number", i, printable(piece)));
}

void checkAdded(const TokenizerParts& parts, const std::filesystem::path& file) {
    std::unordered_map<std::string_view, std::int32_t> known;
    for (std::size_t i = 0; i < parts.pieces.size(); ++i)
        known[parts.pieces[i]] = static_cast<std::int32_t>(i);
    const auto count = static_cast<std::int32_t>(parts.pieces.size());
    std::unordered_set<std::int32_t> ids;
    std::unordered_set<std::string_view> contents;
    for (const AddedToken& token : parts.added) {
        const std::string shown = printable(token.content);
        if (token.content.empty() || token.content.size() > longestPiece)
            reject(file, fmt::format("the added token of id {} has {} bytes", token.id,
                                     token.content.size()));
        if (token.id < 0 || token.id >= largestId)
            reject(file, fmt::format("added token \"{}\" has the id {}", shown, token.id));
        const auto piece = known.find(token.content);
        if (piece != known.end() ? piece->second != token.id : token.id < count)
            reject(file,
                   fmt::format("added token \"{}\" has the id {}, which the pieces contradict",
                               shown, token.id));
        if (!ids.insert(token.id).second || !contents.insert(token.content).second)
            reject(file,
                   fmt::format("added token \"{}\" or its id {} occurs twice", shown, token.id));
    }
}

/// "added_tokens_decoder": ids as keys, tokens with their flags.
std::vector<AddedToken> addedTokens(const Json& json, const std::filesystem::path& file) {
    std::vector<AddedToken> tokens;
    if (!json.is_object()) reject(file, "\"added_tokens_decoder\" is not an object");
    for (const auto& [key, value] : json.items()) {
        AddedToken token;
        const auto [end, failure] = std::from_chars(key.data(), key.data() + key.size(), token.id);
        if (failure != std::errc() || end != key.data() + key.size() || !value.is_object() ||
            !value.contains("content") || !value["content"].is_string())
            reject(file,
                   fmt::format("\"added_tokens_decoder\" has no token as \"{}\"", printable(key)));
        const auto flag = [&value = value](const char* name) {
            return value.contains(name) && value[name].is_boolean() && value[name].get<bool>();
        };
        token.content = value["content"].get<std::string>();
        token.singleWord = flag("single_word");
        token.leftStrip = flag("lstrip");
        token.rightStrip = flag("rstrip");
        token.normalised = flag("normalized");
        token.special = flag("special");
        tokens.push_back(std::move(token));
    }
    return tokens;
}

}  // namespace

void checkParts(const TokenizerParts& parts, const std::filesystem::path& file) {
    if (parts.pieces.empty()) reject(file, "it has no pieces");
    if (parts.pieces.size() >= static_cast<std::size_t>(largestId))
        reject(file, fmt::format("it has {} pieces", parts.pieces.size()));
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < parts.pieces.size(); ++i) {
        checkPiece(parts, i, file);
        if (!seen.insert(parts.pieces[i]).second)
            reject(file,
                   fmt::format("piece {} (\"{}\") occurs twice", i, printable(parts.pieces[i])));
    }
    const auto count = static_cast<std::int32_t>(parts.pieces.size());
    if (parts.unknown < 0 || parts.unknown >= count)
        reject(file, fmt::format("the unknown piece's id {} is not one of its {} pieces",
                                 parts.unknown, count));
    checkAdded(parts, file);
    bool eosKnown = parts.eos >= 0 && parts.eos < count;
    for (const AddedToken& token : parts.added) eosKnown = eosKnown || token.id == parts.eos;
    if (!eosKnown)
        reject(file, fmt::format("the end-of-text id {} is not one of its pieces", parts.eos));
}

TokenizerSettings readTokenizerSettings(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "tokenizer_config.json";
    TokenizerSettings settings;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return settings;
    const Json json =
        parseJson(readTextFile(file, largestTokenizerFile), printable(file.string(), 4096));
    if (!json.is_object()) reject(file, "it holds no JSON object");
    const auto flag = [&](const char* key, bool otherwise) {
        const auto found = json.find(key);
        if (found == json.end() || found->is_null()) return otherwise;
        if (!found->is_boolean()) reject(file, fmt::format("\"{}\" is not true or false", key));
        return found->get<bool>();
    };
    settings.cleanUp = flag("clean_up_tokenization_spaces", false);
    if (!flag("legacy", true)) settings.prepend = Prepend::First;
    if (!flag("add_prefix_space", true)) settings.prepend = Prepend::Never;
    if (const auto extra = json.find("extra_ids"); extra != json.end() && !extra->is_null()) {
        if (!extra->is_number_unsigned() || extra->get<std::uint64_t>() > mostExtraIds)
            reject(file,
                   fmt::format("\"extra_ids\" is not a whole number from 0 to {}", mostExtraIds));
        settings.extraIds = extra->get<int>();
    }
    if (const auto added = json.find("added_tokens_decoder");
        added != json.end() && !added->is_null())
        settings.added = addedTokens(*added, file);
    if (auto pad = json.find("pad_token"); pad != json.end()) {
        const Json& content =
            pad->is_object() && pad->contains("content") ? (*pad)["content"] : *pad;
        if (content.is_string()) settings.padToken = content.get<std::string>();
    }
    return settings;
}

}  // namespace rankscope::text
