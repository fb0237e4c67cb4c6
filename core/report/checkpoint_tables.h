// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"

namespace rankscope::report {

/// The document of `inspect --json`: model, parameters, bytes, matrices[], warnings[].
Json inspectJson(const checkpoint::Checkpoint& checkpoint);

}  // namespace rankscope::report
