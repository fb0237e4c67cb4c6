// SPDX-License-Identifier: Apache-2.0
#include "core/base/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/sha256.h"

namespace rankscope {

namespace {

constexpr std::size_t largestJournal = std::size_t{1} << 30U;
// {"sha256":"<64 digits>","content":<JSON>}
constexpr std::string_view lineStart = R"({"sha256":")";
constexpr std::string_view lineMiddle = R"(","content":)";
constexpr std::size_t hashDigits = 64;

std::string hashOf(std::string_view text) {
    return sha256Hex(std::as_bytes(std::span(text.data(), text.size())));
}

/// The content of one line; nothing if the line is not whole.
std::optional<Json> contentOf(std::string_view line) {
    const std::size_t head = lineStart.size() + hashDigits + lineMiddle.size();
    if (line.size() <= head + 1 || !line.starts_with(lineStart) || line.back() != '}' ||
        line.substr(lineStart.size() + hashDigits, lineMiddle.size()) != lineMiddle)
        return std::nullopt;
    const std::string_view content = line.substr(head, line.size() - head - 1);
    if (hashOf(content) != line.substr(lineStart.size(), hashDigits)) return std::nullopt;
    return Json::parse(content, nullptr, false);
}

}  // namespace

Journal::Journal(std::filesystem::path path, const Json& key, const Progress& progress)
    : m_path(std::move(path)) {
    const std::string shown = printable(m_path.string(), 1000);
    m_file = FileHandle(::open(m_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!m_file)
        throw Error(fmt::format("{} cannot be written: {}.", shown, errnoText(errno)),
                    m_path.string());
    if (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0)
        throw Error(fmt::format("{} is in use by another run of the same work.", shown),
                    m_path.string());
    readLines(key, progress);
}

void Journal::readLines(const Json& key, const Progress& progress) {
    const std::string shown = printable(m_path.string(), 1000);
    const std::string text = readTextFile(m_path, largestJournal);
    std::size_t good = 0;
    while (good < text.size()) {
        const std::size_t end = text.find('\n', good);
        if (end == std::string::npos) break;
        std::optional<Json> content = contentOf(std::string_view(text).substr(good, end - good));
        if (!content) break;
        if (good > 0)
            m_entries.push_back(*std::move(content));
        else if (*content != key)
            throw Error(fmt::format("{} was not begun by this work (same model, matrices, data and "
                                    "options): give another file, or delete it.",
                                    shown),
                        m_path.string());
        good = end + 1;
    }
    if (good < text.size()) {
        progress.warn(
            fmt::format("{} is damaged or cut short from byte {} on; everything before that is "
                        "used, the rest is computed again.",
                        shown, good));
        if (::ftruncate(m_file.get(), static_cast<off_t>(good)) != 0)
            throw Error(fmt::format("{} cannot be repaired: {}.", shown, errnoText(errno)),
                        m_path.string());
    }
    if (good == 0) write(key);
}

void Journal::append(const Json& entry) {
    if (!m_file) return;
    try {
        write(entry);
    } catch (const Error&) {
        m_file = FileHandle();
        throw;
    }
}

void Journal::write(const Json& content) {
    const std::string text = content.dump();
    const std::string line = fmt::format("{}{}{}{}}}\n", lineStart, hashOf(text), lineMiddle, text);
    writeAll(m_file, std::as_bytes(std::span(line.data(), line.size())), m_path);
    syncFile(m_file, m_path);
}

std::string Journal::fileName(const Json& key) { return hashOf(key.dump()) + ".jsonl"; }

}  // namespace rankscope
