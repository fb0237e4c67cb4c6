// SPDX-License-Identifier: Apache-2.0
#include "core/backend/refinement.h"

namespace rankscope::backend {

BlockRefinement::~BlockRefinement() = default;

}  // namespace rankscope::backend
