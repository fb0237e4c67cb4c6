// SPDX-License-Identifier: Apache-2.0
#include "core/backend/backend.h"

namespace rankscope::backend {

// Debian 12's OpenBLAS 0.3.21 knows CPUs by family and model and takes its oldest kernels for ones
// it does not know: a fifth of the speed. The kernels need only instructions, so ask for those.
std::string openBlasCoreForThisCpu() {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
    return "";
}

}  // namespace rankscope::backend
