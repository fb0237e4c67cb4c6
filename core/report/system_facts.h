// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.h"
#include "core/base/progress.h"

namespace rankscope::report {

/// The installed parts and the settings in force: program, libtorch, hdf5, cpu, gpus, caches,
/// window, and `missing`, a sentence for each part that is not there and how to get it. Loads
/// LibTorch.
Json systemFacts(int threads);

}  // namespace rankscope::report
