// SPDX-License-Identifier: Apache-2.0
#include "core/base/leftovers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file_identity.h"
#include "core/base/readable_bytes.h"
#include "core/base/writer_lock.h"

namespace rankscope {

namespace fs = std::filesystem;

namespace {

/// The meaning of a name's ending.
struct Mark {
    std::string target;          ///< the name before it
    std::vector<pid_t> writers;  ///< of versions that did not lock
    bool setAside = false;       ///< what was there before: the only one until `target` is there
};

std::optional<pid_t> processNumber(const std::string& digits) {
    constexpr std::size_t mostDigits = 9;
    if (digits.empty() || digits.size() > mostDigits) return std::nullopt;
    return static_cast<pid_t>(std::stol(digits));
}

std::optional<Mark> markOf(const std::string& name, bool file) {
    static const std::regex files("(.+)\\.partial-[A-Za-z0-9]{6}");
    static const std::regex folders("(.+)\\.partial-[A-Za-z]{6}(-old)?");
    static const std::regex earlier(
        "(.+?)(?:\\.new-([0-9]+))?(?:\\.partial-([0-9]+)(?:-[0-9]{1,2})?(-old)?)?");
    std::smatch parts;
    if (file)
        return std::regex_match(name, parts, files) ? std::optional(Mark{parts[1], {}, false})
                                                    : std::nullopt;
    if (std::regex_match(name, parts, folders)) return Mark{parts[1], {}, parts[2].matched};
    if (!std::regex_match(name, parts, earlier) || (!parts[2].matched && !parts[3].matched))
        return std::nullopt;
    Mark mark{parts[1], {}, parts[4].matched};
    for (const std::size_t part : {2, 3}) {
        if (!parts[part].matched) continue;
        const auto pid = processNumber(parts[part]);
        if (!pid) return std::nullopt;
        mark.writers.push_back(*pid);
    }
    return mark;
}

bool lives(pid_t pid) { return pid <= 0 || ::kill(pid, 0) == 0 || errno != ESRCH; }

std::uint64_t bytesIn(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code failure;
    fs::recursive_directory_iterator at(folder, failure);
    for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
        struct stat status {};
        if (::lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
            bytes += static_cast<std::uint64_t>(status.st_size);
    }
    return bytes;
}

using Found = std::function<void(const Leftover&)>;

bool isStill(const fs::path& path, const FileIdentity& identity) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && identityOf(status) == identity;
}

/// Looks at one entry of a folder; if it is a leftover of `target` (empty: of any), calls `found`
/// while nobody else can begin to write it.
void examine(const fs::path& path, const std::string& target, const Found& found) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return;
    const bool file = S_ISREG(status.st_mode);
    if (!file && !S_ISDIR(status.st_mode)) return;
    const std::optional<Mark> mark = markOf(path.filename().string(), file);
    if (!mark || (!target.empty() && mark->target != target)) return;
    if (std::ranges::any_of(mark->writers, lives)) return;
    if (mark->setAside && !identityOf(path.parent_path() / mark->target)) return;
    const int how = file ? O_RDWR | O_NONBLOCK : O_RDONLY | O_DIRECTORY;
    const FileHandle handle(::open(path.c_str(), how | O_NOFOLLOW | O_CLOEXEC));
    if (!handle) return;
    const WriterState state = writerState(handle);
    struct stat opened {};
    if (state == WriterState::Writing || ::fstat(handle.get(), &opened) != 0 ||
        !isStill(path, identityOf(opened)))
        return;
    found({path, file ? static_cast<std::uint64_t>(opened.st_size) : bytesIn(path),
           state == WriterState::Gone});
}

void examineThoseOf(fs::path target, const Found& found) {
    if (target.filename().empty()) target = target.parent_path();
    const std::string name = target.filename().string();
    if (name.empty()) return;
    std::vector<fs::path> candidates;
    std::error_code none;
    for (fs::directory_iterator at(target.has_parent_path() ? target.parent_path() : ".", none),
         end;
         !none && at != end; at.increment(none))
        if (at->path().filename().string().starts_with(name + '.'))
            candidates.push_back(at->path());
    for (const fs::path& candidate : candidates) examine(candidate, name, found);
}

void examineAllIn(const fs::path& folder, const Found& found) {
    std::vector<fs::path> candidates;
    std::error_code none;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                        none);
    for (; !none && at != fs::recursive_directory_iterator(); at.increment(none))
        candidates.push_back(at->path());
    for (const fs::path& candidate : candidates) examine(candidate, {}, found);
}

void removeAndSay(const Leftover& leftover, const Progress& progress) {
    const std::string what = fmt::format("{} ({})", printable(leftover.path.string(), 4096),
                                         readableBytes(leftover.bytes));
    if (!leftover.certain) {
        progress.warn(
            fmt::format("{} may be left from a run that was killed; remove it unless a "
                        "run on another machine is writing it.",
                        what));
        return;
    }
    std::error_code failure;
    fs::remove_all(leftover.path, failure);
    progress.warn(
        failure ? fmt::format("{} is left from a run that was killed, and cannot be "
                              "removed: {}.",
                              what, failure.message())
                : fmt::format("{} was left from a run that was killed; it is removed.", what));
}

}  // namespace

std::vector<Leftover> findLeftovers(const fs::path& target) {
    std::vector<Leftover> all;
    examineThoseOf(target, [&](const Leftover& leftover) { all.push_back(leftover); });
    return all;
}

std::vector<Leftover> findLeftoversIn(const fs::path& folder) {
    std::vector<Leftover> all;
    examineAllIn(folder, [&](const Leftover& leftover) { all.push_back(leftover); });
    return all;
}

void removeLeftovers(const fs::path& target, const Progress& progress) {
    examineThoseOf(target, [&](const Leftover& leftover) { removeAndSay(leftover, progress); });
}

void removeLeftoversIn(const fs::path& folder, const Progress& progress) {
    examineAllIn(folder, [&](const Leftover& leftover) { removeAndSay(leftover, progress); });
}

}  // namespace rankscope
