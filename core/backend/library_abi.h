// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/backend/backend.h"

/// The symbol that the loader looks up in the backend library. The number in the name changes
/// whenever the Backend interface does, so that a library left from another build is refused.
#define RANKSCOPE_BACKEND_FACTORY rankscopeBackend6
#define RANKSCOPE_BACKEND_FACTORY_NAME "rankscopeBackend6"

namespace rankscope::backend {

/// Signature of the factory: a Backend that lives until the process ends.
using BackendFactory = Backend* (*)(const BackendOptions* options, const char* libraryPath);

}  // namespace rankscope::backend
