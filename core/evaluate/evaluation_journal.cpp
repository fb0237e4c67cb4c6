// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluation_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/base/own_path.h"
#include "core/base/sha256.h"

namespace rankscope::evaluate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t largestJournal = std::size_t{1} << 30U;
// {"sha256":"<64 digits>","content":<JSON>}
constexpr std::string_view lineStart = R"({"sha256":")";
constexpr std::string_view lineMiddle = R"(","content":)";
constexpr std::size_t hashDigits = 64;

std::string hashOf(std::string_view text) {
    return sha256Hex(std::as_bytes(std::span(text.data(), text.size())));
}

/// The content of one line, nothing where the line is not whole.
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

EvaluationJournal::EvaluationJournal(const Json& key, const Progress& progress) {
    try {
        open(key, progress);
    } catch (const Error& error) {
        m_file = FileHandle();
        m_batches.clear();
        progress.warn(
            fmt::format("{} Finished batches are not kept, so an interrupted run starts "
                        "again.",
                        error.what()));
    }
}

void EvaluationJournal::open(const Json& key, const Progress& progress) {
    const fs::path folder = cacheFolder() / "evaluations";
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure)
        throw Error(fmt::format("{} cannot be made: {}.", printable(folder.string(), 1000),
                                failure.message()));
    m_path = folder / (hashOf(key.dump()) + ".jsonl");
    m_file = FileHandle(::open(m_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!m_file)
        throw Error(fmt::format("{} cannot be written: {}.", printable(m_path.string(), 1000),
                                errnoText(errno)));
    if (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0)
        throw Error(fmt::format("{} is in use by another run of the same evaluation.",
                                printable(m_path.string(), 1000)));
    readLines(readTextFile(m_path, largestJournal), key, progress);
}

void EvaluationJournal::readLines(const std::string& text, const Json& key,
                                  const Progress& progress) {
    std::size_t good = 0;
    bool headed = false;
    while (good < text.size()) {
        const std::size_t end = text.find('\n', good);
        if (end == std::string::npos) break;
        const std::optional<Json> content =
            contentOf(std::string_view(text).substr(good, end - good));
        if (!content) break;
        if (!headed && *content != key) break;
        if (headed) {
            const Json& batch = *content;
            if (!batch.is_object() || !batch.contains("batch") ||
                !batch["batch"].is_number_unsigned())
                break;
            m_batches.insert_or_assign(batch["batch"].get<std::size_t>(), batch);
        }
        headed = true;
        good = end + 1;
    }
    if (good < text.size()) {
        progress.warn(
            fmt::format("{} is damaged or cut short from byte {} on; the batches noted "
                        "before that are used, the others computed again.",
                        printable(m_path.string(), 1000), good));
        if (::ftruncate(m_file.get(), static_cast<off_t>(good)) != 0)
            throw Error(fmt::format("{} cannot be repaired: {}.", printable(m_path.string(), 1000),
                                    errnoText(errno)));
    }
    if (!headed) append(key);
}

const Json* EvaluationJournal::find(std::size_t batch) const {
    const auto found = m_batches.find(batch);
    return found == m_batches.end() ? nullptr : &found->second;
}

void EvaluationJournal::add(std::size_t batch, const Json& content, const Progress& progress) {
    if (!m_file) return;
    Json numbered = {{"batch", batch}};
    numbered.update(content);
    try {
        append(numbered);
    } catch (const Error& error) {
        m_file = FileHandle();
        progress.warn(fmt::format("{} From here on finished batches are not kept.", error.what()));
    }
}

void EvaluationJournal::append(const Json& content) {
    const std::string text = content.dump();
    const std::string line = fmt::format("{}{}{}{}}}\n", lineStart, hashOf(text), lineMiddle, text);
    writeAll(m_file, std::as_bytes(std::span(line.data(), line.size())), m_path);
    syncFile(m_file, m_path);
}

}  // namespace rankscope::evaluate
