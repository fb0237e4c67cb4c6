// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/text/base64.h"
#include "core/text/tokenizer/tokenizer_parts.h"
#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

constexpr std::size_t mostSteps = 64;
constexpr std::string_view oneMark = "\u2581";

/// A value of the document with its place in it, for messages.
class Node {
 public:
    Node(const Json& json, std::string place, const std::string& file)
        : m_json(&json), m_place(std::move(place)), m_file(&file) {}

    [[noreturn]] void fail(std::string_view reason) const {
        throw Error(fmt::format("{}: {} {}. Take tokenizer.json from where the model came from, or "
                                "use a T5's spiece.model without it.",
                                printable(*m_file, 4096), m_place.empty() ? "it" : m_place, reason),
                    *m_file);
    }

    const Json& json() const { return *m_json; }
    bool missing() const { return m_json->is_null(); }

    /// A member, null if there is none.
    Node operator[](const char* key) const {
        static const Json none;
        if (!m_json->is_object()) fail("is not an object");
        const auto found = m_json->find(key);
        return {found == m_json->end() ? none : *found,
                m_place.empty() ? std::string(key) : fmt::format("{}.{}", m_place, key), *m_file};
    }

    std::vector<Node> elements() const {
        if (!m_json->is_array()) fail("is not a list");
        std::vector<Node> nodes;
        for (std::size_t i = 0; i < m_json->size(); ++i)
            nodes.emplace_back((*m_json)[i], fmt::format("{}[{}]", m_place, i), *m_file);
        return nodes;
    }

    const std::string& text() const {
        if (!m_json->is_string()) fail("is not a text");
        return m_json->get_ref<const std::string&>();
    }

    bool flag() const {
        if (!m_json->is_boolean()) fail("is not true or false");
        return m_json->get<bool>();
    }
    bool flag(bool otherwise) const { return missing() ? otherwise : flag(); }

    std::int32_t id() const {
        if (!m_json->is_number_unsigned() || m_json->get<std::uint64_t>() >= 1U << 24U)
            fail("is not an id");
        return m_json->get<std::int32_t>();
    }

    const std::string& type() const { return (*this)["type"].text(); }
    [[noreturn]] void unknownType(std::string_view known) const {
        fail(fmt::format("has the type \"{}\"; known are {}", printable(type()), known));
    }

 private:
    const Json* m_json;
    std::string m_place;
    const std::string* m_file;
};

/// A score as the `tokenizers` library reads it: all digits as one integer, rounded to double, then
/// divided by a power of ten. For some scores that is one last bit off the true value, and which of
/// two segmentations of "----" is better depends on that bit. The digits are the shortest that
/// identify the double, as every writer of these files prints them.
double scoreAsRead(double score) {
    std::array<char, 32> digits{};
    const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(),
                                              std::abs(score), std::chars_format::scientific);
    const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    const std::size_t mark = text.find('e');
    std::uint64_t significand = 0;
    int exponent = 0;
    for (const char c : text.substr(0, mark))
        if (c != '.') significand = significand * 10 + static_cast<std::uint64_t>(c - '0');
    const char* sign = text.data() + mark + 1;
    std::from_chars(*sign == '+' ? sign + 1 : sign, end, exponent);
    exponent -= static_cast<int>(mark) - (mark > 1 ? 2 : 1);
    // Beyond 10^22 powers of ten are not doubles; no score of a vocabulary comes near.
    if (exponent < -22 || exponent > 22) return score;
    const double power = std::pow(10.0, std::abs(exponent));
    const auto whole = static_cast<double>(significand);
    return std::copysign(exponent < 0 ? whole / power : whole * power, score);
}

void readVocabulary(const Node& model, TokenizerParts& parts) {
    if (model.missing()) model.fail("is missing");
    // Files of the first versions of the library name no type, but only Unigram lists pairs.
    if (const Node type = model["type"]; !type.missing() && type.text() != "Unigram")
        type.fail(fmt::format("is \"{}\", not \"Unigram\" as a T5's", printable(type.text())));
    if (model["byte_fallback"].flag(false))
        model["byte_fallback"].fail("is true, which no T5 has and this program does not know");
    const Node vocabulary = model["vocab"];
    if (!vocabulary.json().is_array()) vocabulary.fail("is not a list of pieces with scores");
    parts.pieces.reserve(vocabulary.json().size());
    parts.scores.reserve(vocabulary.json().size());
    for (const Json& entry : vocabulary.json()) {
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
            !entry[1].is_number())
            vocabulary.fail(
                fmt::format("has no piece with a score as entry {}", parts.pieces.size()));
        parts.pieces.push_back(entry[0].get<std::string>());
        parts.scores.push_back(scoreAsRead(entry[1].get<double>()));
    }
    parts.unknown = model["unk_id"].id();
}

void readAddedTokens(const Node& list, TokenizerParts& parts) {
    if (list.missing()) return;
    for (const Node& node : list.elements()) {
        AddedToken token;
        token.content = node["content"].text();
        token.id = node["id"].id();
        token.special = node["special"].flag(false);
        token.singleWord = node["single_word"].flag(false);
        token.leftStrip = node["lstrip"].flag(false);
        token.rightStrip = node["rstrip"].flag(false);
        token.normalised = node["normalized"].flag(!token.special);
        parts.added.push_back(std::move(token));
    }
}

Replace replacement(const Node& node) {
    Replace replace;
    replace.content = node["content"].text();
    const Node literal = node["pattern"]["String"];
    const Node regex = node["pattern"]["Regex"];
    if (!literal.missing()) {
        replace.pattern = literal.text();
        if (replace.pattern.empty()) literal.fail("is empty");
    } else if (regex.text() == " {2,}") {
        replace.runsOfSpaces = true;
    } else {
        regex.fail(fmt::format("is \"{}\"; known is \" {{2,}}\"", printable(regex.text())));
    }
    return replace;
}

void readNormaliser(const Node& node, const std::filesystem::path& file, TokenizerParts& parts) {
    if (node.missing()) return;
    if (parts.normaliser.size() >= mostSteps)
        node.fail(fmt::format("is one of over {} steps", mostSteps));
    const std::string& type = node.type();
    if (type == "Sequence") {
        for (const Node& step : node["normalizers"].elements()) readNormaliser(step, file, parts);
    } else if (type == "Precompiled") {
        const Node charsmap = node["precompiled_charsmap"];
        if (charsmap.missing()) return;
        const auto bytes = decodeBase64(charsmap.text());
        if (!bytes) charsmap.fail("is not base64");
        parts.normaliser.emplace_back(std::make_shared<const Charsmap>(
            *bytes, fmt::format("The normaliser of {}", printable(file.string(), 4096))));
    } else if (type == "Strip") {
        parts.normaliser.emplace_back(
            Strip{.left = node["strip_left"].flag(), .right = node["strip_right"].flag()});
    } else if (type == "Replace") {
        parts.normaliser.emplace_back(replacement(node));
    } else {
        node.unknownType("Sequence, Precompiled, Strip and Replace");
    }
}

std::string mark(const Node& node) {
    const Node replacement = node["replacement"];
    if (replacement.missing()) return std::string(oneMark);
    const std::string& text = replacement.text();
    if (text.empty() || characterAt(text, 0).bytes != text.size())
        replacement.fail("is not one character");
    return text;
}

/// "prepend_scheme", or its equivalent in files from before 2024.
Prepend prependScheme(const Node& node) {
    const bool addPrefix = node["add_prefix_space"].flag(true);
    const Node scheme = node["prepend_scheme"];
    if (scheme.missing()) return addPrefix ? Prepend::Always : Prepend::Never;
    const std::string& name = scheme.text();
    if (!addPrefix && name != "never") scheme.fail("contradicts add_prefix_space, which is false");
    if (name == "always") return Prepend::Always;
    if (name == "first") return Prepend::First;
    if (name == "never") return Prepend::Never;
    scheme.fail(fmt::format("is \"{}\", not always, first or never", printable(name)));
}

void readPreTokenizer(const Node& node, TokenizerParts& parts) {
    if (node.missing()) return;
    PreTokenizer& how = parts.preTokenizer;
    const std::string& type = node.type();
    if (type == "Sequence") {
        for (const Node& step : node["pretokenizers"].elements()) readPreTokenizer(step, parts);
    } else if (type == "WhitespaceSplit") {
        if (how.metaspace) node.fail("splits at white space after Metaspace took it away");
        how.splitWhiteSpace = true;
    } else if (type == "Metaspace") {
        if (how.metaspace) node.fail("is a second Metaspace");
        how.metaspace = Metaspace{
            .mark = mark(node), .prepend = prependScheme(node), .split = node["split"].flag(true)};
    } else {
        node.unknownType("Sequence, WhitespaceSplit and Metaspace");
    }
}

/// The id that the post-processor appends to the text. A T5's template is the text and </s>.
std::int32_t readEos(const Node& node) {
    if (node.missing()) node.fail("is missing, so nothing would end the text with </s>");
    if (node.type() != "TemplateProcessing") node.unknownType("TemplateProcessing");
    const std::vector<Node> single = node["single"].elements();
    if (single.size() != 2 || single[0]["Sequence"].missing() ||
        single[1]["SpecialToken"].missing())
        node["single"].fail("is not the text and one special token, as a T5's is");
    const std::string& name = single[1]["SpecialToken"]["id"].text();
    const std::vector<Node> ids = node["special_tokens"][name.c_str()]["ids"].elements();
    if (ids.size() != 1) node["special_tokens"].fail("does not give the special token one id");
    return ids[0].id();
}

void readDecoder(const Node& node, TokenizerParts& parts) {
    if (node.missing()) node.fail("is missing");
    if (node.type() != "Metaspace") node.unknownType("Metaspace");
    parts.decoder.mark = mark(node);
    parts.decoder.dropFirstMark = prependScheme(node) != Prepend::Never;
}

}  // namespace

TokenizerParts readTokenizerJson(std::string_view text, const std::filesystem::path& file) {
    const Json document = parseJson(text, printable(file.string(), 4096));
    const std::string name = file.string();
    const Node root(document, "", name);
    TokenizerParts parts;
    readVocabulary(root["model"], parts);
    readAddedTokens(root["added_tokens"], parts);
    readNormaliser(root["normalizer"], file, parts);
    readPreTokenizer(root["pre_tokenizer"], parts);
    parts.eos = readEos(root["post_processor"]);
    readDecoder(root["decoder"], parts);
    return parts;
}

}  // namespace rankscope::text
