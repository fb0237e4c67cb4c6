// SPDX-License-Identifier: Apache-2.0
#include "core/base/writer_lock.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace rankscope {

namespace {

/// File systems of this machine's own disks: only there does a free lock prove that nobody writes.
constexpr std::array<std::uint32_t, 11> localFileSystems{
    EXT4_SUPER_MAGIC,  // ext2 and ext3 too
    XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,     F2FS_SUPER_MAGIC,  TMPFS_MAGIC,
    RAMFS_MAGIC,      OVERLAYFS_SUPER_MAGIC, MSDOS_SUPER_MAGIC,
    0x2FC12FC1,   // ZFS
    0xCA451A4E,   // bcachefs
    0x2011BAB0};  // exFAT

bool isLocal(const FileHandle& handle) {
    struct statfs status {};
    if (::fstatfs(handle.get(), &status) != 0) return false;
    return std::ranges::find(localFileSystems, static_cast<std::uint32_t>(status.f_type)) !=
           localFileSystems.end();
}

/// 0, or errno. Folders have no ranges to lock, and on files flock is what HDF5 uses for itself;
/// these two kinds of lock do not see each other.
int lock(const FileHandle& handle, bool exclusive) {
    struct stat status {};
    if (::fstat(handle.get(), &status) != 0) return errno;
    if (S_ISDIR(status.st_mode))
        return ::flock(handle.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 ? 0 : errno;
    struct flock range {};
    range.l_type = exclusive ? F_WRLCK : F_RDLCK;
    range.l_whence = SEEK_SET;
    return ::fcntl(handle.get(), F_OFD_SETLK, &range) == 0 ? 0 : errno;
}

bool meansHeld(int code) { return code == EWOULDBLOCK || code == EAGAIN || code == EACCES; }

}  // namespace

bool lockAsWriter(const FileHandle& handle) {
    return !isLocal(handle) || !meansHeld(lock(handle, false));
}

WriterState writerState(const FileHandle& handle) {
    if (!isLocal(handle)) return WriterState::Unknown;
    const int code = lock(handle, true);
    if (code == 0) return WriterState::Gone;
    return meansHeld(code) ? WriterState::Writing : WriterState::Unknown;
}

}  // namespace rankscope
