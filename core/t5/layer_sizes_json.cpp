// SPDX-License-Identifier: Apache-2.0
#include "core/t5/layer_sizes_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/t5/t5_layout.h"

namespace rankscope::t5 {

namespace {

void requireSize(const JsonReader& place, std::int64_t size, std::int64_t largest) {
    if (size < 1 || size > largest)
        place.fail(fmt::format("has the size {}, but 1 to {} is possible", size, largest));
}

std::vector<std::int64_t> headSizes(const JsonReader& reader, const T5Config& config) {
    std::vector<std::int64_t> sizes = reader.wholes();
    if (static_cast<std::int64_t>(sizes.size()) != config.numHeads)
        reader.fail(fmt::format("has {} sizes for {} heads", sizes.size(), config.numHeads));
    for (const std::int64_t size : sizes) requireSize(reader, size, config.dKv);
    return sizes;
}

/// Every sublayer of the model by name.
std::map<std::string, Sublayer> sublayers(const T5Config& config) {
    std::map<std::string, Sublayer> all;
    for (const auto& [stack, blocks] : {std::pair{Stack::Encoder, config.numLayers},
                                        std::pair{Stack::Decoder, config.numDecoderLayers}})
        for (int block = 0; block < blocks; ++block)
            for (const Sublayer sublayer : sublayersOf(stack))
                all[sublayerName(stack, block, sublayer)] = sublayer;
    return all;
}

}  // namespace

Json sizesToJson(const LayerSizes& sizes) {
    Json document = Json::object();
    for (const auto& [name, own] : sizes)
        document[name] = own.units > 0 ? Json{{"units", own.units}}
                                       : Json{{"scores", own.scores}, {"values", own.values}};
    return document;
}

LayerSizes sizesFromJson(const JsonReader& reader, const T5Config& config) {
    if (!reader.json().is_object()) reader.fail("is not an object");
    const auto known = sublayers(config);
    LayerSizes sizes;
    for (const auto& [name, unused] : reader.json().items()) {
        const auto sublayer = known.find(name);
        if (sublayer == known.end())
            reader.fail(
                fmt::format("names {}, which is not an attention or feed-forward of the "
                            "model",
                            printable(name)));
        const JsonReader own = reader.at(name);
        if (sublayer->second == Sublayer::FeedForward) {
            const JsonReader units = own.at("units");
            requireSize(units, units.whole(), config.dFf);
            sizes[name] = {{}, {}, units.whole()};
        } else {
            sizes[name] = {headSizes(own.at("scores"), config), headSizes(own.at("values"), config),
                           0};
        }
    }
    return sizes;
}

}  // namespace rankscope::t5
