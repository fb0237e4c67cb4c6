// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/file_handle.h"

namespace rankscope {

/// The state of something unfinished, as its lock shows it.
enum class WriterState {
    Writing,  ///< its writer lives
    Gone,     ///< its writer is gone
    Unknown,  ///< locks say nothing here (a disk shared with other machines, or no locks at all)
};

/// Marks the file or folder as being written as long as `handle` is open. A file must be open for
/// reading. False if something else is just removing it as a leftover; true, without a lock, if
/// writerState() would be Unknown.
bool lockAsWriter(const FileHandle& handle);

/// Whether another handle locked it so. Gone holds until `handle` is closed: nobody can begin to
/// write it meanwhile. A file must be open for writing.
WriterState writerState(const FileHandle& handle);

}  // namespace rankscope
