// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/text/tokenizer/tokenizer_parts.h"
#include "core/text/tokenizer/unigram.h"
#include "core/text/utf8.h"

namespace rankscope::text {

namespace fs = std::filesystem;

struct Tokenizer::Model {
    Model(TokenizerParts parts, const TokenizerSettings& how, fs::path path);

    void encode(const Section& section, bool startsText, std::vector<std::int32_t>& ids) const;
    void encodePlain(const Normalised& text, bool startsText, std::vector<std::int32_t>& ids) const;
    std::string_view piece(std::int32_t id) const;
    const AddedToken* addedToken(std::int32_t id) const;

    Unigram unigram;
    std::vector<AddedToken> added;
    std::unordered_map<std::int32_t, std::size_t> addedById;
    AddedTokenSplitter raw, normalised;  ///< by where the tokens are looked for
    bool anyNormalised;
    std::vector<NormaliserStep> normaliser;
    PreTokenizer preTokenizer;
    Decoder decoder;
    std::int32_t eos, pad = -1;
    std::int64_t size;
    bool cleanUp;
    fs::path file;
};

namespace {

AddedTokenSplitter splitter(const TokenizerParts& parts, bool normalised) {
    std::vector<AddedToken> tokens;
    std::vector<std::string> contents;
    for (const AddedToken& token : parts.added) {
        if (token.normalised != normalised) continue;
        contents.push_back(normalised ? normalise(parts.normaliser, token.content).text
                                      : token.content);
        tokens.push_back(token);
    }
    return {std::move(tokens), contents};
}

/// Whether this is the text of a tokenizer.json; a SentencePiece model, too, begins with a line
/// feed, but no key follows.
bool isJson(std::string_view bytes) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t brace = bytes.find_first_not_of(space);
    if (brace == std::string_view::npos || bytes[brace] != '{') return false;
    const std::size_t next = bytes.find_first_not_of(space, brace + 1);
    return next == std::string_view::npos || bytes[next] == '"' || bytes[next] == '}';
}

TokenizerParts readParts(const fs::path& file, const TokenizerSettings& settings) {
    const std::string bytes = readTextFile(file, largestTokenizerFile);
    if (bytes.starts_with("version https://git-lfs"))
        throw Error(fmt::format("{} is a Git LFS pointer, not the file itself; run \"git lfs "
                                "pull\" in its folder.",
                                printable(file.string(), 4096)),
                    file.string());
    TokenizerParts parts =
        isJson(bytes) ? readTokenizerJson(bytes, file) : readSpieceModel(bytes, file, settings);
    checkParts(parts, file);
    return parts;
}

}  // namespace

Tokenizer::Model::Model(TokenizerParts parts, const TokenizerSettings& how, fs::path path)
    : unigram(std::move(parts.pieces), std::move(parts.scores), parts.unknown),
      added(parts.added),
      raw(splitter(parts, false)),
      normalised(splitter(parts, true)),
      anyNormalised(std::ranges::any_of(added, &AddedToken::normalised)),
      normaliser(std::move(parts.normaliser)),
      preTokenizer(std::move(parts.preTokenizer)),
      decoder(std::move(parts.decoder)),
      eos(parts.eos),
      size(static_cast<std::int64_t>(unigram.pieces().size())),
      cleanUp(how.cleanUp),
      file(std::move(path)) {
    pad = unigram.find(how.padToken);
    for (std::size_t i = 0; i < added.size(); ++i) {
        addedById[added[i].id] = i;
        size = std::max(size, std::int64_t{added[i].id} + 1);
        if (added[i].content == how.padToken) pad = added[i].id;
    }
    if (pad < 0)
        throw Error(
            fmt::format("{} has no piece \"{}\", which fills up a batch. Take the tokenizer "
                        "files from where the model came from.",
                        printable(file.string(), 4096), printable(how.padToken)),
            file.string());
}

std::string_view Tokenizer::Model::piece(std::int32_t id) const {
    if (const AddedToken* token = addedToken(id)) return token->content;
    if (id < 0 || static_cast<std::size_t>(id) >= unigram.pieces().size()) return {};
    return unigram.pieces()[static_cast<std::size_t>(id)];
}

const AddedToken* Tokenizer::Model::addedToken(std::int32_t id) const {
    const auto found = addedById.find(id);
    return found == addedById.end() ? nullptr : &added[found->second];
}

void Tokenizer::Model::encodePlain(const Normalised& text, bool startsText,
                                   std::vector<std::int32_t>& ids) const {
    forEachWord(preTokenizer, text, startsText,
                [&](std::string_view word) { unigram.encode(word, ids); });
}

void Tokenizer::Model::encode(const Section& section, bool startsText,
                              std::vector<std::int32_t>& ids) const {
    if (section.token) {
        ids.push_back(*section.token);
        return;
    }
    const Normalised text = normalise(normaliser, section.text);
    if (!anyNormalised) return encodePlain(text, startsText, ids);
    for (const Section& part : normalised.split(text.text)) {
        if (part.token) {
            ids.push_back(*part.token);
            continue;
        }
        const auto offset = static_cast<std::size_t>(part.text.data() - text.text.data());
        encodePlain({std::string(part.text), text.fromStart - std::min(text.fromStart, offset)},
                    startsText, ids);
    }
}

Tokenizer::Tokenizer(std::unique_ptr<const Model> model) : m_model(std::move(model)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::open(const fs::path& folder) {
    for (const char* name : {"tokenizer.json", "spiece.model"}) {
        std::error_code ignored;
        // A dangling link exists by its name; opening it says what is wrong.
        if (fs::exists(fs::symlink_status(folder / name, ignored))) return openFile(folder / name);
    }
    throw Error(
        fmt::format("{} has neither tokenizer.json nor spiece.model; copy one of them there "
                    "from where the model came from.",
                    printable(folder.string(), 4096)),
        folder.string());
}

Tokenizer Tokenizer::openFile(const fs::path& file) {
    const TokenizerSettings settings = readTokenizerSettings(file.parent_path());
    return Tokenizer(std::make_unique<const Model>(readParts(file, settings), settings, file));
}

Encoding Tokenizer::encode(std::string_view text, std::int64_t maxLength) const {
    std::string repaired;
    if (!isUtf8(text)) {
        repaired = repairedUtf8(text);
        text = repaired;
    }
    Encoding encoding;
    for (const Section& section : m_model->raw.split(text))
        m_model->encode(section, section.text.data() == text.data(), encoding.ids);
    encoding.fullLength = static_cast<std::int64_t>(encoding.ids.size()) + 1;
    if (maxLength > 0 && encoding.fullLength > maxLength)
        encoding.ids.resize(static_cast<std::size_t>(maxLength - 1));
    encoding.ids.push_back(m_model->eos);
    return encoding;
}

std::string Tokenizer::decode(const std::vector<std::int32_t>& ids,
                              const DecodeOptions& options) const {
    std::vector<std::string_view> pieces;
    pieces.reserve(ids.size());
    for (const std::int32_t id : ids) {
        const AddedToken* token = m_model->addedToken(id);
        if (options.skipSpecial && token != nullptr && token->special) continue;
        const std::string_view piece = m_model->piece(id);
        if (!piece.empty()) pieces.push_back(piece);
    }
    std::string text = joinPieces(pieces, m_model->decoder);
    return options.cleanUp ? cleanedUp(std::move(text)) : text;
}

bool Tokenizer::cleanUpByDefault() const { return m_model->cleanUp; }
std::string_view Tokenizer::piece(std::int32_t id) const { return m_model->piece(id); }
std::int64_t Tokenizer::size() const { return m_model->size; }
std::int32_t Tokenizer::padId() const { return m_model->pad; }
std::int32_t Tokenizer::eosId() const { return m_model->eos; }
std::int32_t Tokenizer::unknownId() const { return m_model->unigram.unknown(); }
const fs::path& Tokenizer::file() const { return m_model->file; }

}  // namespace rankscope::text
