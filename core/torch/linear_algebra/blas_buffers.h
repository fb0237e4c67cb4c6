// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rankscope::torch_backend {

/// Has OpenBLAS make the buffers that `count` calls at once need, and keep them: where memory is
/// limited, a call that gets none tries again for ever. Nothing where BLAS is another one.
void reserveBlasBuffers(int count);

}  // namespace rankscope::torch_backend
