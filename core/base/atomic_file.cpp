// SPDX-License-Identifier: Apache-2.0
#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/error.h"
#include "core/base/output_claim.h"

namespace rankscope {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, int code) {
    std::string sentence =
        fmt::format("{} cannot be {}: {}.", printable(path.string(), 4096), what, errnoText(code));
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        sentence += " Make room there or choose another place.";
    throw Error(sentence, path.string());
}

/// With a folder before the name, and no link.
std::filesystem::path writableTarget(std::filesystem::path target) {
    if (!target.has_parent_path()) target = std::filesystem::path(".") / target;
    if (std::filesystem::is_symlink(std::filesystem::symlink_status(target)))
        throw Error(fmt::format("{} is a symbolic link; it is not written through. Give the real "
                                "name.",
                                printable(target.string(), 4096)),
                    target.string());
    return target;
}

}  // namespace

FileHandle openForReading(const std::filesystem::path& path) {
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) fail(path, "opened", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, "examined", errno);
    if (S_ISDIR(status.st_mode))
        throw Error(
            fmt::format("{} is a folder, but a file is expected.", printable(path.string(), 4096)),
            path.string());
    if (!S_ISREG(status.st_mode))
        throw Error(fmt::format("{} is not a regular file (a pipe, socket or device); give a file.",
                                printable(path.string(), 4096)),
                    path.string());
    if (const auto output = claimedOutput(identityOf(status)))
        throw Error(fmt::format("{} cannot be replaced: {}, which is read for it, is that same "
                                "file. Choose another name.",
                                printable(output->string(), 4096), printable(path.string(), 4096)),
                    output->string());
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
            throw Error(
                fmt::format("{} ends at byte {} although more was expected; it is cut short "
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

AtomicFile::AtomicFile(std::filesystem::path target)
    : m_target(writableTarget(std::move(target))), m_unfinished(m_target, Unfinished::Kind::File) {}

void AtomicFile::write(std::span<const std::byte> bytes) {
    writeAll(m_unfinished.handle(), bytes, m_target);
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::commit() {
    syncFile(m_unfinished.handle(), m_target);
    if (const int code = m_unfinished.publish(m_target); code != 0) fail(m_target, "written", code);
    syncFolder(m_target.parent_path());
}

void writeFileAtomically(const std::filesystem::path& target, std::string_view text) {
    AtomicFile file(target);
    file.write(text);
    file.commit();
}

}  // namespace rankscope
