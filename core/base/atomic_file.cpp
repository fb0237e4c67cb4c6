// SPDX-License-Identifier: Apache-2.0
#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/error.h"

namespace rankscope {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, int code) {
    std::string sentence =
        fmt::format("{} cannot be {}: {}.", printable(path.string(), 4096), what, errnoText(code));
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        sentence += " Make room there or choose another place.";
    throw Error(sentence, path.string());
}

}  // namespace

FileHandle::FileHandle(FileHandle&& other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

FileHandle::~FileHandle() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

FileHandle openForReading(const std::filesystem::path& path) {
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) fail(path, "opened", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, "examined", errno);
    if (S_ISDIR(status.st_mode))
        throw Error(
            fmt::format("{} is a folder where a file is expected.", printable(path.string(), 4096)),
            path.string());
    if (!S_ISREG(status.st_mode))
        throw Error(fmt::format("{} is no regular file (a pipe, socket or device); give a file.",
                                printable(path.string(), 4096)),
                    path.string());
    return file;
}

FileStamp stampOf(const FileHandle& file, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, "examined", errno);
    constexpr std::int64_t nanoseconds = 1'000'000'000;
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            status.st_mtim.tv_sec * nanoseconds + status.st_mtim.tv_nsec};
}

void readExactly(const FileHandle& file, std::span<std::byte> bytes, std::uint64_t offset,
                 const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t got =
            ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path, "read", errno);
        if (got == 0)
            throw Error(fmt::format("{} ends at byte {} where more was expected; it is cut short "
                                    "or was changed while it was read.",
                                    printable(path.string(), 4096), offset),
                        path.string());
        bytes = bytes.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

void writeAll(const FileHandle& file, std::span<const std::byte> bytes,
              const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail(path, "written", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
}

void syncFile(const FileHandle& file, const std::filesystem::path& path) {
    if (::fsync(file.get()) != 0) fail(path, "stored safely", errno);
}

void syncFolder(const std::filesystem::path& folder) {
    const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle) fail(folder, "opened", errno);
    // Some file systems cannot sync folders and say so; there is nothing better to do there.
    if (::fsync(handle.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
        fail(folder, "stored safely", errno);
}

AtomicFile::AtomicFile(std::filesystem::path target) : m_target(std::move(target)) {
    if (m_target.has_parent_path() == false) m_target = std::filesystem::path(".") / m_target;
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(m_target)))
        throw Error(fmt::format("{} is a symbolic link; it is not written through. Give the real "
                                "name.",
                                printable(m_target.string(), 4096)),
                    m_target.string());
    std::string name = m_target.string() + ".partial-XXXXXX";
    m_file = FileHandle(::mkostemp(name.data(), O_CLOEXEC));
    if (!m_file) fail(m_target, "written", errno);
    m_temporary = name;
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::fchmod(m_file.get(), 0666 & ~mask);
}

AtomicFile::~AtomicFile() {
    if (!m_temporary.empty()) ::unlink(m_temporary.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) { writeAll(m_file, bytes, m_target); }

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::commit() {
    syncFile(m_file, m_target);
    m_file = FileHandle();
    if (::rename(m_temporary.c_str(), m_target.c_str()) != 0) fail(m_target, "written", errno);
    m_temporary.clear();
    syncFolder(m_target.parent_path());
}

void writeFileAtomically(const std::filesystem::path& target, std::string_view text) {
    AtomicFile file(target);
    file.write(text);
    file.commit();
}

}  // namespace rankscope
