// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/file_handle.h"

namespace rankscope {

/// What a lock says of something unfinished.
enum class WriterState {
    Writing,  ///< its writer lives
    Gone,     ///< its writer is gone
    Unknown,  ///< locks say nothing here (a disk shared with other machines, or no locks at all)
};

/// Says, as long as `handle` is open, that the file or folder is being written. A file must be open
/// for reading. False where something else is just taking it away as a leftover; true, without a
/// lock, where writerState() would be Unknown.
bool lockAsWriter(const FileHandle& handle);

/// Whether another handle locked it so. Gone holds until `handle` is closed: nobody can begin to
/// write it meanwhile. A file must be open for writing.
WriterState writerState(const FileHandle& handle);

}  // namespace rankscope
