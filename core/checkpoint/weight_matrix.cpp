// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/weight_matrix.h"

#include <array>
#include <charconv>
#include <utility>

namespace rankscope::checkpoint {

namespace {

constexpr std::array<std::pair<Role, std::string_view>, 10> roles{{
    {Role::Q, "q"},
    {Role::K, "k"},
    {Role::V, "v"},
    {Role::O, "o"},
    {Role::Wi, "wi"},
    {Role::Wi0, "wi_0"},
    {Role::Wi1, "wi_1"},
    {Role::Wo, "wo"},
    {Role::Embedding, "embedding"},
    {Role::Head, "head"},
}};

/// Takes `prefix` off the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

/// Takes a block or layer number without sign or leading zeros.
std::optional<int> takeNumber(std::string_view& text) {
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto length = static_cast<std::size_t>(end - text.data());
    if (failure != std::errc() || number < 0 || text.front() == '-') return std::nullopt;
    if (length > 1 && text.front() == '0') return std::nullopt;
    text.remove_prefix(length);
    return number;
}

std::optional<Sublayer> takeSublayer(std::string_view& text, Stack stack) {
    if (take(text, "layer.0.SelfAttention.")) return Sublayer::SelfAttention;
    if (stack == Stack::Decoder && take(text, "layer.1.EncDecAttention."))
        return Sublayer::CrossAttention;
    if (take(text, stack == Stack::Decoder ? "layer.2.DenseReluDense." : "layer.1.DenseReluDense."))
        return Sublayer::FeedForward;
    return std::nullopt;
}

std::optional<WeightMatrix> vocabularyMatrix(std::string_view name) {
    WeightMatrix matrix;
    matrix.block = -1;
    matrix.sublayer = Sublayer::Vocabulary;
    matrix.stack = Stack::Shared;
    matrix.name = name;
    if (name == "shared.weight" || name == "encoder.embed_tokens.weight" ||
        name == "decoder.embed_tokens.weight") {
        matrix.role = Role::Embedding;
        return matrix;
    }
    if (name == "lm_head.weight") {
        matrix.role = Role::Head;
        return matrix;
    }
    return std::nullopt;
}

}  // namespace

std::string_view stackName(Stack stack) {
    switch (stack) {
        case Stack::Encoder:
            return "encoder";
        case Stack::Decoder:
            return "decoder";
        case Stack::Shared:
            break;
    }
    return "shared";
}

std::string_view roleName(Role role) {
    for (const auto& [value, name] : roles)
        if (value == role) return name;
    return {};
}

std::optional<Role> parseRole(std::string_view name) {
    for (const auto& [value, text] : roles)
        if (text == name) return value;
    return std::nullopt;
}

std::string_view storageName(Storage storage) {
    switch (storage) {
        case Storage::Factored:
            return "factored";
        case Storage::Pivoted:
            return "pivoted";
        case Storage::Dense:
            break;
    }
    return "dense";
}

std::optional<Storage> parseStorage(std::string_view name) {
    for (const Storage storage : {Storage::Dense, Storage::Factored, Storage::Pivoted})
        if (storageName(storage) == name) return storage;
    return std::nullopt;
}

std::optional<WeightMatrix> matrixOfTensorName(std::string_view tensorName) {
    if (auto matrix = vocabularyMatrix(tensorName)) return matrix;
    WeightMatrix matrix;
    matrix.name = tensorName;
    std::string_view rest = tensorName;
    if (take(rest, "encoder.block."))
        matrix.stack = Stack::Encoder;
    else if (take(rest, "decoder.block."))
        matrix.stack = Stack::Decoder;
    else
        return std::nullopt;
    const auto block = takeNumber(rest);
    if (!block || !take(rest, ".")) return std::nullopt;
    matrix.block = *block;
    const auto sublayer = takeSublayer(rest, matrix.stack);
    if (!sublayer || !rest.ends_with(".weight")) return std::nullopt;
    matrix.sublayer = *sublayer;
    const auto role = parseRole(rest.substr(0, rest.size() - 7));
    if (!role || *role == Role::Embedding || *role == Role::Head) return std::nullopt;
    const bool feedForward = *role >= Role::Wi && *role <= Role::Wo;
    if (feedForward != (*sublayer == Sublayer::FeedForward)) return std::nullopt;
    matrix.role = *role;
    return matrix;
}

}  // namespace rankscope::checkpoint
