// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/text/tokenizer/protobuf_reader.h"
#include "core/text/tokenizer/tokenizer_parts.h"

namespace rankscope::text {

namespace {

enum class PieceType : std::uint8_t { Normal = 1, Unknown, Control, UserDefined, Unused, Byte };
constexpr std::uint64_t unigramType = 1;

struct SpieceModel {
    std::vector<std::string> pieces;
    std::vector<double> scores;
    std::vector<PieceType> types;
    std::uint64_t modelType = unigramType;
    std::int64_t unknown = 0, eos = 2;  // the defaults of SentencePiece's trainer
    bool byteFallback = false;
    bool hasTrainer = false, hasNormaliser = false;
    std::string charsmap;
};

void readPiece(ProtobufReader reader, SpieceModel& model) {
    std::string piece;
    double score = 0;
    PieceType type = PieceType::Normal;
    while (const auto field = reader.next()) {
        if (field->number == 1) {
            piece = reader.bytes(*field);
        } else if (field->number == 2) {
            score = static_cast<double>(reader.float32(*field));
        } else if (field->number == 3) {
            const std::uint64_t value = reader.varint(*field);
            if (value < 1 || value > 6)
                reader.fail(fmt::format("piece {} has the type {}", model.pieces.size(), value));
            type = static_cast<PieceType>(value);
        } else {
            reader.skip(*field);
        }
    }
    model.pieces.push_back(std::move(piece));
    model.scores.push_back(score);
    model.types.push_back(type);
}

void readTrainer(ProtobufReader reader, SpieceModel& model) {
    model.hasTrainer = true;
    while (const auto field = reader.next()) {
        switch (field->number) {
            case 3:
                model.modelType = reader.varint(*field);
                break;
            case 35:
                model.byteFallback = reader.varint(*field) != 0;
                break;
            case 40:
                model.unknown = static_cast<std::int64_t>(reader.varint(*field));
                break;
            case 42:
                model.eos = static_cast<std::int64_t>(reader.varint(*field));
                break;
            default:
                reader.skip(*field);
        }
    }
}

void readNormaliser(ProtobufReader reader, SpieceModel& model) {
    model.hasNormaliser = true;
    while (const auto field = reader.next())
        if (field->number == 2)
            model.charsmap = reader.bytes(*field);
        else
            reader.skip(*field);
}

SpieceModel parse(std::string_view bytes, const std::filesystem::path& file) {
    SpieceModel model;
    ProtobufReader reader(bytes, printable(file.string(), 4096));
    while (const auto field = reader.next()) {
        switch (field->number) {
            case 1:
                readPiece(reader.message(*field), model);
                break;
            case 2:
                readTrainer(reader.message(*field), model);
                break;
            case 3:
                readNormaliser(reader.message(*field), model);
                break;
            default:
                reader.skip(*field);
        }
    }
    return model;
}

/// Refuses anything that no T5 has, before it is used.
void check(const SpieceModel& model, const std::filesystem::path& file) {
    const auto reject = [&](const std::string& reason) {
        throw Error(
            fmt::format("{}: {}. A T5 has a Unigram model with pad, end and unknown pieces; "
                        "take spiece.model from where the model came from.",
                        printable(file.string(), 4096), reason),
            file.string());
    };
    const auto count = static_cast<std::int64_t>(model.pieces.size());
    if (count == 0) reject("it has no pieces");
    // They follow the pieces; a file cut off between two fields is well-formed without them.
    if (!model.hasTrainer || !model.hasNormaliser)
        reject("it ends before the settings of its trainer and normaliser");
    if (model.modelType != unigramType)
        reject(fmt::format("its model type is {}, not Unigram", model.modelType));
    if (model.byteFallback) reject("it falls back to bytes");
    if (model.unknown < 0 || model.unknown >= count)
        reject(fmt::format("the unknown piece's id {} is not one of its {} pieces", model.unknown,
                           count));
    // -1: the model was trained without one.
    if (model.eos < -1 || model.eos >= count)
        reject(fmt::format("the end piece's id {} is not one of its {} pieces", model.eos, count));
}

void addTokens(const SpieceModel& model, const TokenizerSettings& settings, TokenizerParts& parts) {
    for (std::size_t i = 0; i < model.pieces.size(); ++i) {
        const PieceType type = model.types[i];
        const bool unknown = static_cast<std::int32_t>(i) == parts.unknown;
        if (type != PieceType::Control && type != PieceType::UserDefined && !unknown) continue;
        AddedToken token;
        token.content = model.pieces[i];
        token.id = static_cast<std::int32_t>(i);
        token.special = type != PieceType::UserDefined;
        parts.added.push_back(std::move(token));
    }
    for (int sentinel = settings.extraIds - 1; sentinel >= 0; --sentinel) {
        AddedToken token;
        token.content = fmt::format("<extra_id_{}>", sentinel);
        token.id = static_cast<std::int32_t>(parts.pieces.size());
        token.special = true;
        parts.pieces.push_back(token.content);
        parts.scores.push_back(0);
        parts.added.push_back(std::move(token));
    }
    // The settings know the flags; a model alone has none.
    for (const AddedToken& known : settings.added) {
        const auto same = std::ranges::find(parts.added, known.content, &AddedToken::content);
        if (same == parts.added.end())
            parts.added.push_back(known);
        else if (same->id == known.id)
            *same = known;
    }
}

}  // namespace

TokenizerParts readSpieceModel(std::string_view bytes, const std::filesystem::path& file,
                               const TokenizerSettings& settings) {
    const SpieceModel model = parse(bytes, file);
    check(model, file);
    TokenizerParts parts;
    parts.pieces = model.pieces;
    parts.scores = model.scores;
    parts.unknown = static_cast<std::int32_t>(model.unknown);
    const auto end = std::find(model.pieces.begin(), model.pieces.end(), "</s>");
    if (end == model.pieces.end())
        throw Error(fmt::format("{} has no piece \"</s>\", which ends every text of a T5. Take "
                                "spiece.model from where the model came from.",
                                printable(file.string(), 4096)),
                    file.string());
    parts.eos = static_cast<std::int32_t>(end - model.pieces.begin());
    addTokens(model, settings, parts);
    if (!model.charsmap.empty())
        parts.normaliser.emplace_back(std::make_shared<const Charsmap>(
            model.charsmap, fmt::format("The normaliser of {}", printable(file.string(), 4096))));
    parts.normaliser.emplace_back(Strip{.left = false, .right = true});
    parts.normaliser.emplace_back(Replace{.content = "\u2581", .runsOfSpaces = true});
    parts.preTokenizer.metaspace = Metaspace{.prepend = settings.prepend};
    parts.decoder.dropFirstMark = settings.prepend != Prepend::Never;
    return parts;
}

}  // namespace rankscope::text
