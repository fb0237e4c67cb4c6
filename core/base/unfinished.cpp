// SPDX-License-Identifier: Apache-2.0
#include "core/base/unfinished.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "core/base/writer_lock.h"

namespace rankscope {

namespace fs = std::filesystem;

namespace {

/// The files and folders this process is writing. Never destroyed: threads may outlive main().
struct Registry {
    std::timed_mutex mutex;
    std::vector<fs::path> paths;

    void forget(const fs::path& path) { std::erase(paths, path); }
};

Registry& registry() {
    static auto* const all = new Registry;
    return *all;
}

/// Letters only: the old names that end in a process number must not look like these.
std::string sixLetters() {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::random_device random;
    std::uniform_int_distribution<std::size_t> choice(0, letters.size() - 1);
    std::string text;
    for (int i = 0; i < 6; ++i) text += letters[choice(random)];
    return text;
}

/// An invalid handle, and errno, if it could not be made.
FileHandle make(const fs::path& path, Unfinished::Kind kind) {
    if (kind == Unfinished::Kind::File)
        return FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (::mkdir(path.c_str(), 0777) != 0) return {};
    return FileHandle(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool isStill(const fs::path& path, const FileHandle& handle) {
    struct stat named {
    }, open{};
    return ::lstat(path.c_str(), &named) == 0 && ::fstat(handle.get(), &open) == 0 &&
           named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

[[noreturn]] void fail(const fs::path& target, Unfinished::Kind kind, int code) {
    std::string sentence =
        fmt::format("{} cannot be {}: {}.", printable(target.string(), 4096),
                    kind == Unfinished::Kind::File ? "written" : "made", errnoText(code));
    if (kind == Unfinished::Kind::Folder)
        sentence += " Choose another place.";
    else if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        sentence += " Make room there or choose another place.";
    throw Error(sentence, target.string());
}

}  // namespace

Unfinished::Unfinished(const fs::path& target, Kind kind) {
    constexpr int mostAttempts = 100;
    for (int attempt = 0; attempt < mostAttempts; ++attempt) {
        fs::path path = target;
        path += ".partial-" + sixLetters();
        const std::lock_guard lock(registry().mutex);
        registry().paths.push_back(path);
        m_handle = make(path, kind);
        if (!m_handle) {
            const int code = errno;
            registry().forget(path);
            if (code != EEXIST) fail(target, kind, code);
        } else if (lockAsWriter(m_handle) && isStill(path, m_handle)) {
            m_path = std::move(path);
            return;
        } else {  // taken for a leftover before the lock was there
            registry().forget(path);
        }
    }
    fail(target, kind, EEXIST);
}

Unfinished::~Unfinished() {
    if (m_path.empty()) return;
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
    const std::lock_guard lock(registry().mutex);
    registry().forget(m_path);
}

int Unfinished::publish(const fs::path& target, unsigned flags) {
    const std::lock_guard lock(registry().mutex);
    if (::renameat2(AT_FDCWD, m_path.c_str(), AT_FDCWD, target.c_str(), flags) != 0) return errno;
    registry().forget(m_path);
    m_path.clear();
    return 0;
}

void removeUnfinished() noexcept {
    using namespace std::chrono_literals;
    // Then held for ever, unless this thread ended the process while it held the lock itself.
    const bool held = registry().mutex.try_lock_for(1s);
    (void)held;
    // Other threads still write into these folders, until their files are gone too.
    constexpr int mostAttempts = 50;
    for (int attempt = 0; attempt < mostAttempts; ++attempt) {
        bool gone = true;
        for (const fs::path& path : registry().paths) {
            try {
                std::error_code failure;
                fs::remove_all(path, failure);
                gone = gone && !failure;
            } catch (const std::exception&) {  // memory is short
                gone = false;
            }
        }
        if (gone) return;
        std::this_thread::sleep_for(10ms);
    }
}

}  // namespace rankscope
