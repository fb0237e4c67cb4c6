// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/atomic_folder.h"

namespace rankscope::compress {

/// The folder of a compressed checkpoint.
extern const FolderKind checkpointFolder;

}  // namespace rankscope::compress
