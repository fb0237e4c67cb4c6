// SPDX-License-Identifier: Apache-2.0
#include "core/compress/target_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <vector>

#include "core/base/error.h"

namespace rankscope::compress {

namespace fs = std::filesystem;

namespace {

struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
};

std::optional<Identity> identityOf(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino};
}

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

[[noreturn]] void refuse(const fs::path& target, const std::string& reason) {
    throw Error(fmt::format("{} {}", shown(target), reason), target.string());
}

/// Folders that hold what is read: config.json's, and each weight file's, links followed.
std::vector<fs::path> sourceFolders(const checkpoint::Checkpoint& source) {
    std::vector<fs::path> folders{fs::canonical(source.folder())};
    for (const checkpoint::WeightFile& file : source.files()) {
        const fs::path folder = fs::canonical(file.path).parent_path();
        if (folder != folders.back()) folders.push_back(folder);
    }
    return folders;
}

/// True where `folder` or one of its parents is `ancestor`.
bool isAtOrInside(fs::path folder, const Identity& ancestor) {
    while (true) {
        if (identityOf(folder) == ancestor) return true;
        const fs::path parent = folder.parent_path();
        if (parent == folder || parent.empty()) return false;
        folder = parent;
    }
}

void requireApartFromSource(const fs::path& target, const checkpoint::Checkpoint& source) {
    const fs::path nearest = fs::exists(target) ? target : target.parent_path();
    const std::optional<Identity> own = fs::exists(target) ? identityOf(target) : std::nullopt;
    for (const fs::path& folder : sourceFolders(source)) {
        const std::optional<Identity> read = identityOf(folder);
        if (!read) continue;
        if (own == read) refuse(target, "is the folder of the source itself; give another folder.");
        if (isAtOrInside(nearest, *read))
            refuse(target, fmt::format("lies inside the source's folder {}; give a folder outside "
                                       "it.",
                                       shown(folder)));
        if (own && isAtOrInside(folder, *own))
            refuse(target, "contains the source; give another folder.");
    }
}

void requireReplaceable(const fs::path& target, bool force) {
    if (!fs::is_directory(target))
        refuse(target, "is a file where a folder is to be made; give another name.");
    if (!force) refuse(target, "exists already; give another folder, or --force to replace it.");
    if (!fs::is_empty(target) && !fs::exists(target / "config.json"))
        refuse(target,
               "is not empty and holds no checkpoint (no config.json), so it is not "
               "replaced even with --force; give another folder.");
}

fs::path resolvedTarget(const fs::path& given) {
    fs::path target = fs::absolute(given);
    if (target.filename().empty()) target = target.parent_path();
    if (given.empty() || target.filename().empty() || target.filename() == "." ||
        target.filename() == "..")
        throw usageError(
            fmt::format("\"{}\" does not name a folder to make; give a new name.", shown(given)),
            given.string());
    std::error_code code;
    const fs::path parent = fs::canonical(target.parent_path(), code);
    if (code || !fs::is_directory(parent))
        refuse(target, "cannot be made: the folder above it does not exist. Make that first.");
    return parent / target.filename();
}

fs::path makePartial(const fs::path& target) {
    const std::string stem = fmt::format("{}.partial-{}", target.string(), ::getpid());
    for (int attempt = 0; attempt < 100; ++attempt) {
        fs::path folder = attempt == 0 ? stem : fmt::format("{}-{}", stem, attempt);
        if (::mkdir(folder.c_str(), 0777) == 0) return folder;
        if (errno != EEXIST)
            refuse(target,
                   fmt::format("cannot be made: {}. Choose another place.", errnoText(errno)));
    }
    refuse(target, "cannot be made: too many unfinished saves lie beside it; remove them.");
}

}  // namespace

TargetFolder::TargetFolder(const fs::path& target, const checkpoint::Checkpoint& source, bool force)
    : m_target(resolvedTarget(target)), m_force(force) {
    const fs::file_status status = fs::symlink_status(m_target);
    if (fs::is_symlink(status))
        refuse(m_target, "is a symbolic link; it is not written through. Give the real name.");
    requireApartFromSource(m_target, source);
    if (fs::exists(status)) requireReplaceable(m_target, force);
    m_partial = makePartial(m_target);
}

TargetFolder::~TargetFolder() {
    std::error_code ignored;
    if (!m_partial.empty()) fs::remove_all(m_partial, ignored);
}

void TargetFolder::publish() {
    syncFolder(m_partial);
    const bool replace = m_force && fs::exists(fs::symlink_status(m_target));
    const unsigned flags = replace ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    int result = ::renameat2(AT_FDCWD, m_partial.c_str(), AT_FDCWD, m_target.c_str(), flags);
    fs::path old = replace ? m_partial : fs::path();
    if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {
        // File systems without these flags: the old folder steps aside, and back on failure.
        old = replace ? fs::path(m_partial.string() + "-old") : fs::path();
        if (replace) fs::rename(m_target, old);
        result = ::rename(m_partial.c_str(), m_target.c_str());
        if (result != 0 && replace) fs::rename(old, m_target);
    }
    if (result != 0)
        refuse(m_target, fmt::format("cannot be given its name: {}.", errnoText(errno)));
    m_partial.clear();
    syncFolder(m_target.parent_path());
    std::error_code ignored;
    if (!old.empty()) fs::remove_all(old, ignored);
}

std::uint64_t spaceNeeded(std::uint64_t bytes) {
    return bytes + bytes / 20 + (std::uint64_t{64} << 20U);
}

std::uint64_t freeSpace(const fs::path& folder) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0)
        throw Error(fmt::format("The free space of {} cannot be asked for: {}.", shown(folder),
                                errnoText(errno)),
                    folder.string());
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

void requireSpace(std::uint64_t needed, std::uint64_t free, const fs::path& folder) {
    if (free >= needed) return;
    throw Error(fmt::format("{} has too little space: {} bytes are needed, {} are free. Make room "
                            "there or choose another place.",
                            shown(folder), needed, free),
                folder.string());
}

}  // namespace rankscope::compress
