// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace rankscope {

namespace {

/// "line 3, column 14" of a byte position.
std::string placeOf(std::string_view text, std::size_t byte) {
    byte = std::min(byte, text.size());
    const std::string_view before = text.substr(0, byte);
    const auto line = std::ranges::count(before, '\n') + 1;
    const std::size_t lineStart = before.rfind('\n');
    const std::size_t column = lineStart == std::string_view::npos ? byte + 1 : byte - lineStart;
    return fmt::format("line {}, column {}", line, column);
}

/// Builds the document and checks for what nlohmann's own builder lets pass: depth, duplicate keys,
/// long strings.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
    StrictBuilder(Json& root, const JsonLimits& limits) : m_root(root), m_limits(limits) {}

    bool null() override { return add(Json(nullptr)); }
    bool boolean(bool value) override { return add(Json(value)); }
    bool number_integer(number_integer_t value) override { return add(Json(value)); }
    bool number_unsigned(number_unsigned_t value) override { return add(Json(value)); }
    bool number_float(number_float_t value, const string_t&) override { return add(Json(value)); }
    bool string(string_t& value) override {
        return checkLength(value) && add(Json(std::move(value)));
    }
    bool binary(binary_t&) override { return fail("binary data is not JSON"); }

    bool start_object(std::size_t) override { return open(Json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        if (!checkLength(value)) return false;
        if (!m_open.back().keys.insert(value).second)
            return fail(fmt::format("the key \"{}\" occurs twice", printable(value)));
        m_open.back().nextKey = std::move(value);
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& exception) override {
        m_position = position;
        const std::string_view text = exception.what();
        if (text.find("UTF-8") != std::string_view::npos)
            return fail("the text is not valid UTF-8");
        if (text.find("number overflow") != std::string_view::npos)
            return fail("a number is too large");
        return fail("the text is not valid JSON");
    }

    const std::string& reason() const { return m_reason; }
    /// Byte after which parsing stopped, 0 if the parser did not say.
    std::size_t position() const { return m_position; }

 private:
    struct Level {
        Json* value;
        std::unordered_set<std::string> keys;
        std::string nextKey;
    };

    bool fail(std::string reason) {
        if (m_reason.empty()) m_reason = std::move(reason);
        return false;
    }

    bool checkLength(const string_t& value) {
        if (value.size() <= m_limits.stringBytes) return true;
        return fail(fmt::format("a string is longer than {} bytes", m_limits.stringBytes));
    }

    Json* place(Json&& value) {
        if (m_open.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        Level& level = m_open.back();
        // The keys are known to be new, and ordered_json would search for them one by one.
        if (level.value->is_object()) {
            auto& members = level.value->get_ref<Json::object_t&>();
            static_cast<std::vector<Json::object_t::value_type>&>(members).emplace_back(
                std::move(level.nextKey), std::move(value));
            return &members.back().second;
        }
        level.value->push_back(std::move(value));
        return &level.value->back();
    }

    bool add(Json&& value) {
        place(std::move(value));
        return true;
    }

    bool open(Json&& value) {
        if (static_cast<int>(m_open.size()) >= m_limits.depth)
            return fail(fmt::format("it is nested more than {} deep", m_limits.depth));
        Json* placed = place(std::move(value));
        m_open.push_back({placed, {}, {}});
        return true;
    }

    bool close() {
        m_open.pop_back();
        return true;
    }

    Json& m_root;
    JsonLimits m_limits;
    std::vector<Level> m_open;
    std::string m_reason;
    std::size_t m_position = 0;
};

}  // namespace

Json parseJson(std::string_view text, std::string_view what, const JsonLimits& limits) {
    Json root;
    StrictBuilder builder(root, limits);
    const char* begin = text.data();
    if (Json::sax_parse(begin, begin + text.size(), &builder)) return root;
    const std::string place =
        builder.position() > 0 ? " at " + placeOf(text, builder.position() - 1) : "";
    throw Error(fmt::format("{} cannot be read: {}{}.", what, builder.reason(), place),
                std::string(what));
}

std::string readTextFile(const std::filesystem::path& path, std::size_t limitBytes) {
    const FileHandle file = openForReading(path);
    const std::uint64_t size = stampOf(file, path).size;
    if (size > limitBytes)
        throw Error(fmt::format("{} is {} bytes long; at most {} are read from such a file.",
                                printable(path.string(), 4096), size, limitBytes),
                    path.string());
    std::string text(size, '\0');
    readExactly(file, std::as_writable_bytes(std::span(text)), 0, path);
    return text;
}

}  // namespace rankscope
