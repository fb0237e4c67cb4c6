// SPDX-License-Identifier: Apache-2.0
#include "core/t5/t5_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace rankscope::t5 {

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

constexpr std::string_view embeddingModule = "shared", headModule = "lm_head";
constexpr std::array<std::string_view, 2> embeddingAliases{"encoder.embed_tokens",
                                                           "decoder.embed_tokens"};

std::string_view sublayerModule(Sublayer sublayer) {
    switch (sublayer) {
        case Sublayer::SelfAttention:
            return "SelfAttention";
        case Sublayer::CrossAttention:
            return "EncDecAttention";
        case Sublayer::FeedForward:
            return "DenseReluDense";
        case Sublayer::Vocabulary:
            break;
    }
    return {};
}

/// "encoder.block.0.layer.1."
std::string prefixOf(Stack stack, int block, Sublayer sublayer) {
    const std::vector<Sublayer> order = sublayersOf(stack);
    return fmt::format("{}.block.{}.layer.{}.", stackName(stack), block,
                       std::ranges::find(order, sublayer) - order.begin());
}

/// Takes `prefix` off the front of `text`, if it stands there.
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

std::vector<Sublayer> sublayersOf(Stack stack) {
    if (stack == Stack::Encoder) return {Sublayer::SelfAttention, Sublayer::FeedForward};
    if (stack == Stack::Decoder)
        return {Sublayer::SelfAttention, Sublayer::CrossAttention, Sublayer::FeedForward};
    return {};
}

std::vector<Role> rolesOf(Sublayer sublayer, const T5Config& config) {
    if (sublayer == Sublayer::Vocabulary) return {};
    if (sublayer != Sublayer::FeedForward) return {Role::Q, Role::K, Role::V, Role::O};
    if (config.isGatedAct) return {Role::Wi0, Role::Wi1, Role::Wo};
    return {Role::Wi, Role::Wo};
}

std::string sublayerName(Stack stack, int block, Sublayer sublayer) {
    return fmt::format("{}{}", prefixOf(stack, block, sublayer), sublayerModule(sublayer));
}

SublayerSizes sizesOf(Stack stack, int block, Sublayer sublayer, const T5Config& config) {
    if (!config.sizes.empty()) {
        const auto own = config.sizes.find(sublayerName(stack, block, sublayer));
        if (own != config.sizes.end()) return own->second;
    }
    if (sublayer == Sublayer::FeedForward) return {{}, {}, config.dFf};
    const std::vector<std::int64_t> heads(static_cast<std::size_t>(config.numHeads), config.dKv);
    return {heads, heads, 0};
}

std::int64_t innerWidth(Role role, const SublayerSizes& sizes) {
    const auto sum = [](const std::vector<std::int64_t>& heads) {
        return std::accumulate(heads.begin(), heads.end(), std::int64_t{0});
    };
    switch (role) {
        case Role::Q:
        case Role::K:
            return sum(sizes.scores);
        case Role::V:
        case Role::O:
            return sum(sizes.values);
        default:
            return sizes.units;
    }
}

Shape shapeOf(const Place& place, const T5Config& config) {
    if (place.sublayer == Sublayer::Vocabulary) return {config.vocabSize, config.dModel};
    const std::int64_t inner =
        innerWidth(place.role, sizesOf(place.stack, place.block, place.sublayer, config));
    if (place.role == Role::O || place.role == Role::Wo) return {config.dModel, inner};
    return {inner, config.dModel};
}

std::string moduleName(const Place& place) {
    if (place.role == Role::Embedding) return std::string(embeddingModule);
    if (place.role == Role::Head) return std::string(headModule);
    return fmt::format("{}.{}", sublayerName(place.stack, place.block, place.sublayer),
                       roleName(place.role));
}

std::optional<Place> placeOfModule(std::string_view module) {
    if (module == embeddingModule ||
        std::ranges::find(embeddingAliases, module) != embeddingAliases.end())
        return Place{Stack::Shared, -1, Sublayer::Vocabulary, Role::Embedding};
    if (module == headModule) return Place{Stack::Shared, -1, Sublayer::Vocabulary, Role::Head};
    const std::size_t dot = module.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto role = parseRole(module.substr(dot + 1));
    if (!role) return std::nullopt;
    std::string_view rest = module;
    Place place{.role = *role};
    if (take(rest, "encoder.block."))
        place.stack = Stack::Encoder;
    else if (take(rest, "decoder.block."))
        place.stack = Stack::Decoder;
    else
        return std::nullopt;
    const auto block = takeNumber(rest);
    if (!block) return std::nullopt;
    place.block = *block;
    for (const Sublayer sublayer : sublayersOf(place.stack)) {
        place.sublayer = sublayer;
        const bool feedForward = *role >= Role::Wi && *role <= Role::Wo;
        if (feedForward == (sublayer == Sublayer::FeedForward) && *role < Role::Embedding &&
            moduleName(place) == module)
            return place;
    }
    return std::nullopt;
}

std::string normName(Stack stack, int block, Sublayer sublayer) {
    return prefixOf(stack, block, sublayer) + "layer_norm";
}

std::string finalNormName(Stack stack) {
    return fmt::format("{}.final_layer_norm", stackName(stack));
}

std::string positionTableName(Stack stack) {
    return prefixOf(stack, 0, Sublayer::SelfAttention) + "SelfAttention.relative_attention_bias";
}

std::vector<LayerGroup> layerGroups(const T5Config& config) {
    using Next = LayerGroup::Next;
    std::vector<LayerGroup> groups;
    const auto addTo = [&](LayerGroup& group, const Place& place) {
        const Shape shape = shapeOf(place, config);
        group.modules.push_back(moduleName(place));
        group.out.push_back(shape[0]);
        group.in = shape[1];
    };
    const auto groupOf = [&](Stack stack, int block, Sublayer sublayer, std::vector<Role> roles,
                             Next next) {
        LayerGroup group{.next = next, .block = block};
        for (const Role role : roles) addTo(group, {stack, block, sublayer, role});
        if (next != Next::AddToStream) group.norm = normName(stack, block, sublayer);
        return group;
    };
    const auto addStack = [&](Stack stack, std::int64_t blocks) {
        for (int block = 0; block < blocks; ++block)
            for (const Sublayer sublayer : sublayersOf(stack)) {
                std::vector<Role> inner = rolesOf(sublayer, config);
                const Role outer = inner.back();
                inner.pop_back();
                const bool cross = sublayer == Sublayer::CrossAttention;
                if (cross) inner = {Role::Q};  // keys and values have the encoder's output
                groups.push_back(groupOf(stack, block, sublayer, inner,
                                         cross ? Next::CrossAttention
                                         : sublayer == Sublayer::SelfAttention ? Next::SelfAttention
                                                                               : Next::Activation));
                groups.push_back(groupOf(stack, block, sublayer, {outer}, Next::AddToStream));
            }
    };
    addStack(Stack::Encoder, config.numLayers);
    LayerGroup keysAndValues{
        .in = config.dModel, .norm = finalNormName(Stack::Encoder), .next = Next::Decoder};
    for (int block = 0; block < config.numDecoderLayers; ++block)
        for (const Role role : {Role::K, Role::V})
            addTo(keysAndValues, {Stack::Decoder, block, Sublayer::CrossAttention, role});
    groups.push_back(std::move(keysAndValues));
    addStack(Stack::Decoder, config.numDecoderLayers);
    groups.push_back({.modules = {std::string(headModule)},
                      .out = {-1},
                      .in = config.dModel,
                      .norm = finalNormName(Stack::Decoder)});
    return groups;
}

std::string inputOfModule(const std::string& module) {
    auto place = placeOfModule(module);
    if (!place) return module;
    if (place->role == Role::K || place->role == Role::V) {
        if (place->sublayer == Sublayer::CrossAttention)
            return moduleName({Stack::Decoder, 0, Sublayer::CrossAttention, Role::K});
        place->role = Role::Q;
    }
    if (place->role == Role::Wi1) place->role = Role::Wi0;
    return moduleName(*place);
}

}  // namespace rankscope::t5
