// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rankscope::torch_backend {

/// Has OpenBLAS make the buffers that `count` calls at once need, and keep them: if memory is
/// limited, a call that gets none retries for ever. Does nothing if BLAS is another library.
void reserveBlasBuffers(int count);

}  // namespace rankscope::torch_backend
