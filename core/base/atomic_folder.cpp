// SPDX-License-Identifier: Apache-2.0
#include "core/base/atomic_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_identity.h"
#include "core/base/leftovers.h"

namespace rankscope {

namespace fs = std::filesystem;

namespace {

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

[[noreturn]] void refuse(const fs::path& target, const std::string& reason) {
    throw Error(fmt::format("{} {}", shown(target), reason), target.string());
}

/// True if `folder` or one of its parents is `ancestor`.
bool isAtOrInside(fs::path folder, const FileIdentity& ancestor) {
    while (true) {
        if (identityOf(folder) == ancestor) return true;
        const fs::path parent = folder.parent_path();
        if (parent == folder || parent.empty()) return false;
        folder = parent;
    }
}

void requireApartFromSource(const fs::path& target, std::span<const fs::path> sources) {
    const fs::path nearest = fs::exists(target) ? target : target.parent_path();
    const std::optional<FileIdentity> own = fs::exists(target) ? identityOf(target) : std::nullopt;
    for (const fs::path& folder : sources) {
        const std::optional<FileIdentity> read = identityOf(folder);
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

/// Names in the folder that are not files of its kind, sorted.
std::vector<std::string> foreignNames(const fs::path& folder, const FolderKind& kind) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
         at.increment(failure)) {
        std::string name = at->path().filename().string();
        std::error_code none;
        if (!kind.isOwnFile(name) || !fs::is_regular_file(at->symlink_status(none)))
            names.push_back(std::move(name));
    }
    if (failure)
        refuse(folder, fmt::format("cannot be looked into, so it is not replaced: {}. Give another "
                                   "folder.",
                                   failure.message()));
    std::ranges::sort(names);
    return names;
}

void requireReplaceable(const fs::path& target, const FolderKind& kind, bool force) {
    if (!fs::is_directory(target))
        refuse(target, "is a file, but a folder is to be made; give another name.");
    if (!force) refuse(target, "exists already; give another folder, or --force to replace it.");
    const std::vector<std::string> foreign = foreignNames(target, kind);
    if (fs::is_empty(target)) return;
    if (!kind.isOurs(target))
        refuse(target, fmt::format("holds no {}, so it is not replaced even with --force; give "
                                   "another folder.",
                                   kind.what));
    if (!foreign.empty())
        refuse(target,
               fmt::format("holds things that Rankscope did not write: {}. Replacing it would "
                           "delete that too; move it away, or give another folder.",
                           listNames(foreign)));
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

}  // namespace

bool recordHolds(const fs::path& file, bool (*test)(const Json& record)) {
    constexpr std::uintmax_t largest = std::uintmax_t{256} << 20U;
    std::error_code failure;
    if (!fs::is_regular_file(file, failure) || fs::file_size(file, failure) > largest || failure)
        return false;
    std::ifstream stream(file, std::ios::binary);
    const Json record = Json::parse(stream, nullptr, false);
    return record.is_object() && test(record);
}

fs::path requireTarget(const fs::path& target, const FolderKind& kind,
                       std::span<const fs::path> sources, bool force) {
    fs::path resolved = resolvedTarget(target);
    const fs::file_status status = fs::symlink_status(resolved);
    if (fs::is_symlink(status))
        refuse(resolved, "is a symbolic link; it is not written through. Give the real name.");
    requireApartFromSource(resolved, sources);
    if (fs::exists(status)) requireReplaceable(resolved, kind, force);
    return resolved;
}

AtomicFolder::AtomicFolder(const fs::path& target, const FolderKind& kind,
                           std::span<const fs::path> sources, bool force, const Progress& progress)
    : m_target(requireTarget(target, kind, sources, force)), m_kind(kind), m_force(force) {
    removeLeftovers(m_target, progress);
    m_unfinished.emplace(m_target, Unfinished::Kind::Folder);
}

void AtomicFolder::publish(const Progress& progress) {
    syncFolder(partial());
    const fs::path made = partial();
    const bool replace = m_force && fs::exists(fs::symlink_status(m_target));
    int failure = m_unfinished->publish(m_target, replace ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    fs::path old = replace ? made : fs::path();
    if (failure == EINVAL || failure == ENOSYS) {
        // File systems without these flags: the old folder steps aside, and back on failure.
        old = replace ? fs::path(made.string() + "-old") : fs::path();
        if (replace) fs::rename(m_target, old);
        failure = m_unfinished->publish(m_target);
        if (failure != 0 && replace) fs::rename(old, m_target);
    }
    if (failure != 0)
        refuse(m_target, fmt::format("cannot be given its name: {}.", errnoText(failure)));
    syncFolder(m_target.parent_path());
    if (!old.empty()) removeReplaced(old, progress);
}

void AtomicFolder::removeReplaced(const fs::path& old, const Progress& progress) const {
    std::error_code failure;
    try {
        requireReplaceable(old, m_kind, m_force);
        fs::remove_all(old, failure);
    } catch (const Error&) {  // it changed since this began
        // Under a name that is never taken for a leftover.
        const fs::path kept = fmt::format("{}.replaced-{}", m_target.string(), ::getpid());
        fs::rename(old, kept, failure);
        progress.warn(
            fmt::format("While this ran, something that Rankscope did not write was put into {}; "
                        "everything in it is kept in {}.",
                        shown(m_target), shown(failure ? old : kept)));
    }
}

std::uint64_t spaceNeeded(std::uint64_t bytes) {
    return bytes + bytes / 20 + (std::uint64_t{64} << 20U);
}

std::uint64_t freeSpace(const fs::path& folder) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0)
        throw Error(fmt::format("The free space of {} cannot be determined: {}.", shown(folder),
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

}  // namespace rankscope
