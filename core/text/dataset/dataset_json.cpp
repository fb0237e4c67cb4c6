// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

bool isSpace(int byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

/// True if there is an escape like \uD83D without its other half.
bool hasLoneSurrogate(std::string_view text) {
    const auto unitAt = [&](std::size_t at) -> int {
        if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
        int unit = 0;
        for (const char digit : text.substr(at + 2, 4)) {
            const int value = digit >= '0' && digit <= '9'   ? digit - '0'
                              : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                              : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                             : -1;
            if (value < 0) return -1;
            unit = unit * 16 + value;
        }
        return unit;
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') continue;
        const int unit = unitAt(at);
        if (unit >= 0xDC00 && unit <= 0xDFFF) return true;
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            const int next = unitAt(at + 6);
            if (next < 0xDC00 || next > 0xDFFF) return true;
            at += 6;
        }
        ++at;
    }
    return false;
}

/// The fault of one row's text: only the reason and the place of parseJson's sentence.
std::string reasonOf(const Error& error, std::string_view text) {
    if (hasLoneSurrogate(text)) return "A \\u escape in it is half of a surrogate pair.";
    std::string reason = error.what();
    const std::string_view oneLine = " at line 1, column ";
    const std::size_t place = reason.find(oneLine);
    if (place != std::string::npos && text.find('\n') == std::string_view::npos)
        reason.replace(place, oneLine.size(), " at column ");
    else if (place != std::string::npos || reason.find(" at line ") != std::string::npos)
        reason.replace(reason.size() - 1, 1, " of the row.");
    return reason;
}

Field fieldOf(const std::string& name, const Json& value) {
    Field field{name, Field::Kind::Other, {}};
    if (value.is_string()) {
        field.kind = Field::Kind::Text;
        field.text = value.get<std::string>();
    } else if (value.is_number_integer()) {
        field.kind = Field::Kind::Integer;
        field.text = value.dump();
    } else if (value.is_number()) {
        field.kind = Field::Kind::Number;
    } else if (value.is_null()) {
        field.kind = Field::Kind::Null;
    }
    return field;
}

void addRow(std::string_view text, std::int64_t line, ExampleCollector& collector) {
    Json value;
    try {
        value = parseJson(text, "The row");
    } catch (const Error& error) {
        collector.addBad(line, reasonOf(error, text));
        return;
    }
    if (!value.is_object()) {
        collector.addBad(line, fmt::format("The row is not an object but {}.", value.type_name()));
        return;
    }
    Row row{line, {}};
    row.fields.reserve(value.size());
    for (const auto& [name, member] : value.items()) row.fields.push_back(fieldOf(name, member));
    collector.add(std::move(row));
}

constexpr std::string_view tooLong = "The row is longer than 64 MiB.";

/// Walks through the outer brackets of a JSON file and hands on one row after the other.
class JsonRows {
 public:
    JsonRows(ByteReader& reader, ExampleCollector& collector)
        : m_reader(reader), m_collector(collector) {}

    void read() {
        skipSpace();
        if (m_reader.peek() == '[')
            readArray();
        else if (!readWrapped())
            return;
        if (m_collector.full()) return;
        skipSpace();
        if (m_reader.peek() != ByteReader::end)
            throw Error(fmt::format("{} is not valid JSON: more text follows on line {} after the "
                                    "rows' closing bracket.",
                                    m_collector.name(), m_reader.line()),
                        m_collector.name());
    }

 private:
    [[noreturn]] void failAtEnd(std::int64_t line) const {
        throw Error(
            fmt::format("{} ends inside the value that begins on line {}; the file was cut off.",
                        m_collector.name(), line),
            m_collector.name());
    }

    [[noreturn]] void failHere(std::string_view expected) const {
        throw Error(fmt::format("{} is not valid JSON on line {}: {} was expected.",
                                m_collector.name(), m_reader.line(), expected),
                    m_collector.name());
    }

    void skipSpace() {
        while (isSpace(m_reader.peek())) m_reader.take();
    }

    /// Takes one value up to the comma or bracket after it and appends its text, up to the length
    /// limit of a row, to `text`. Only brackets and strings are looked at. False: it was too long.
    bool takeValue(std::string* text) {
        const std::int64_t begun = m_reader.line();
        std::uint64_t open = 0;
        std::uint64_t length = 0;
        bool inString = false;
        for (;;) {
            const int byte = m_reader.peek();
            if (byte == ByteReader::end) failAtEnd(begun);
            if (!inString && open == 0 && (byte == ',' || byte == ']' || byte == '}')) break;
            m_reader.take();
            append(text, byte, length);
            if (inString && byte == '\\') {
                if (m_reader.peek() == ByteReader::end) failAtEnd(begun);
                append(text, m_reader.take(), length);
            } else if (byte == '"') {
                inString = !inString;
            } else if (!inString && (byte == '{' || byte == '[')) {
                ++open;
            } else if (!inString && (byte == '}' || byte == ']')) {
                --open;
            }
        }
        return length <= limits::rowBytes;
    }

    static void append(std::string* text, int byte, std::uint64_t& length) {
        ++length;
        if (text != nullptr && length <= limits::rowBytes) text->push_back(static_cast<char>(byte));
    }

    void readArray() {
        const std::int64_t begun = m_reader.line();
        m_reader.take();
        skipSpace();
        if (m_reader.peek() == ']') {
            m_reader.take();
            return;
        }
        for (std::int64_t element = 1; !m_collector.full(); ++element) {
            skipSpace();
            // A file without line breaks has only elements to count.
            const std::int64_t line = m_reader.line() == begun ? element : m_reader.line();
            std::string text;
            if (takeValue(&text))
                addRow(text, line, m_collector);
            else
                m_collector.addBad(line, std::string(tooLong));
            const int byte = m_reader.take();
            if (byte == ']') return;
            if (byte != ',') failHere("a comma or ]");
        }
    }

    std::string takeKey() {
        skipSpace();
        if (m_reader.peek() != '"') failHere("a name in quotes");
        std::string raw;
        const std::int64_t begun = m_reader.line();
        do {
            const int byte = m_reader.take();
            if (byte == ByteReader::end) failAtEnd(begun);
            raw.push_back(static_cast<char>(byte));
            if (byte == '\\') raw.push_back(static_cast<char>(m_reader.take()));
            if (raw.size() > ByteReader::window) failHere("a shorter name");
        } while (raw.size() < 2 || raw.back() != '"' || endsInEscapedQuote(raw));
        skipSpace();
        if (m_reader.take() != ':') failHere("a colon");
        skipSpace();
        return parseJson(raw, m_collector.name()).get<std::string>();
    }

    static bool endsInEscapedQuote(std::string_view raw) {
        std::size_t slashes = 0;
        while (slashes + 1 < raw.size() && raw[raw.size() - 2 - slashes] == '\\') ++slashes;
        return slashes % 2 == 1;
    }

    /// Reads the member of an object that holds the rows. False: the limit was reached in it.
    bool readWrapped() {
        std::vector<std::string> wanted = namesOfSplit(m_collector.options().split);
        wanted.insert(wanted.end(), {"data", "rows"});
        std::vector<std::string> arrays;
        bool found = false;
        m_reader.take();
        for (;;) {
            const std::string key = takeKey();
            if (m_reader.peek() == '[') {
                arrays.push_back(key);
                if (!found && std::ranges::find(wanted, key) != wanted.end()) {
                    found = true;
                    readArray();
                    if (m_collector.full()) return false;
                } else {
                    takeValue(nullptr);
                }
            } else {
                takeValue(nullptr);
            }
            skipSpace();
            const int byte = m_reader.take();
            if (byte == '}') break;
            if (byte != ',') failHere("a comma or }");
        }
        if (!found) failWithoutRows(arrays);
        return true;
    }

    [[noreturn]] void failWithoutRows(const std::vector<std::string>& arrays) const {
        std::string there;
        for (const std::string& name : arrays)
            if (there.size() < 1000)
                there += fmt::format("{}\"{}\"", there.empty() ? "" : ", ", printable(name));
        throw Error(fmt::format("{} has no split \"{}\"; there are: {}. Choose one with --split.",
                                m_collector.name(), printable(m_collector.options().split),
                                there.empty() ? "none" : there),
                    m_collector.name());
    }

    ByteReader& m_reader;
    ExampleCollector& m_collector;
};

}  // namespace

void readJson(ByteReader& reader, ExampleCollector& collector) {
    JsonRows(reader, collector).read();
}

void readJsonLines(ByteReader& reader, ExampleCollector& collector) {
    std::string text;
    while (!collector.full() && reader.peek() != ByteReader::end) {
        const std::int64_t line = reader.line();
        std::uint64_t length = 0;
        text.clear();
        for (int byte = reader.take(); byte != ByteReader::end && byte != '\n';
             byte = reader.take())
            if (++length <= limits::rowBytes) text.push_back(static_cast<char>(byte));
        if (length > limits::rowBytes)
            collector.addBad(line, std::string(tooLong));
        else if (!std::ranges::all_of(text, isSpace))
            addRow(text, line, collector);
    }
}

}  // namespace rankscope::text
