// SPDX-License-Identifier: Apache-2.0
#include "core/search/sensitivity_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <span>

#include "core/base/error.h"

namespace rankscope::search {

namespace {

constexpr std::size_t largestJournal = std::size_t{64} << 20U;

}  // namespace

SensitivityJournal::SensitivityJournal(std::filesystem::path path, const Json& key,
                                       const Progress& progress)
    : m_path(std::move(path)) {
    const std::string shown = printable(m_path.string(), 1000);
    m_file = FileHandle(::open(m_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!m_file)
        throw Error(fmt::format("{} cannot be written: {}.", shown, errnoText(errno)), shown);
    if (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0)
        throw Error(fmt::format("{} is in use by another search.", shown), shown);
    readLines(readTextFile(m_path, largestJournal), key, progress);
}

void SensitivityJournal::readLines(const std::string& text, const Json& key,
                                   const Progress& progress) {
    std::size_t good = 0;
    while (good < text.size()) {
        const std::size_t end = text.find('\n', good);
        if (end == std::string::npos) break;
        const Json line =
            Json::parse(text.begin() + static_cast<std::ptrdiff_t>(good),
                        text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
        if (good == 0 && line != key)
            throw Error(fmt::format("{} was not begun by this search (same model, matrices, ranks, "
                                    "data): give another file, or delete it.",
                                    printable(m_path.string(), 1000)),
                        m_path.string());
        if (good > 0 && !readLine(line)) break;
        good = end + 1;
    }
    if (good < text.size()) {
        progress.warn(
            fmt::format("{} is damaged or cut short from byte {} on; what was measured "
                        "before that is used, the rest measured again.",
                        printable(m_path.string(), 1000), good));
        if (::ftruncate(m_file.get(), static_cast<off_t>(good)) != 0)
            throw Error(fmt::format("{} cannot be repaired: {}.", printable(m_path.string(), 1000),
                                    errnoText(errno)),
                        m_path.string());
    }
    if (good == 0) append(key);
}

bool SensitivityJournal::readLine(const Json& line) {
    if (!line.is_object() || !line.contains("matrix") || !line["matrix"].is_string() ||
        !line.contains("rank") || !line["rank"].is_number_integer() || !line.contains("loss") ||
        !(line["loss"].is_number() || line["loss"].is_null()))
        return false;
    const double loss = line["loss"].is_null() ? std::numeric_limits<double>::quiet_NaN()
                                               : line["loss"].get<double>();
    m_losses[{line["matrix"].get<std::string>(), line["rank"].get<std::int64_t>()}] = loss;
    return true;
}

std::optional<double> SensitivityJournal::find(const std::string& matrix, std::int64_t rank) const {
    const auto found = m_losses.find({matrix, rank});
    return found == m_losses.end() ? std::nullopt : std::optional(found->second);
}

void SensitivityJournal::add(const std::string& matrix, std::int64_t rank, double loss) {
    if (!m_file) return;
    append({{"matrix", matrix},
            {"rank", rank},
            {"loss", std::isfinite(loss) ? Json(loss) : Json(nullptr)}});
}

void SensitivityJournal::append(const Json& line) {
    const std::string text = line.dump() + '\n';
    writeAll(m_file, std::as_bytes(std::span(text.data(), text.size())), m_path);
    syncFile(m_file, m_path);
}

}  // namespace rankscope::search
