// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/cpu_attention.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <type_traits>

#include "core/torch/kernels/packed_product.h"

namespace rankscope::torch_backend {

namespace {

namespace portable {
#define LANES 4
#include "core/torch/kernels/attention_kernel.inc"
#undef LANES
}  // namespace portable

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define LANES 8
#include "core/torch/kernels/attention_kernel.inc"
#undef LANES
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
namespace avx512 {
#define LANES 16
#include "core/torch/kernels/attention_kernel.inc"
#undef LANES
}  // namespace avx512
#pragma GCC pop_options
#endif

/// The kernels of one instruction set.
struct Kernels {
    void (*full)(const FullAttention&, std::int64_t, std::int64_t);
    void (*step)(const StepAttention&, std::int64_t, std::int64_t);
};

Kernels kernels() {
#if defined(__x86_64__)
    if (PackedWeight::bestPath() == ProductPath::Avx512)
        return {avx512::attendHeads, avx512::attendSources};
    if (PackedWeight::bestPath() == ProductPath::Avx2)
        return {avx2::attendHeads, avx2::attendSources};
#endif
    return {portable::attendHeads, portable::attendSources};
}

}  // namespace

void attend(const FullAttention& task) {
    const auto kernel = kernels().full;
    at::parallel_for(0, task.queries->count() * task.heads, 1,
                     [&](std::int64_t begin, std::int64_t end) { kernel(task, begin, end); });
}

void attend(const StepAttention& task) {
    const auto kernel = kernels().step;
    const auto count = static_cast<std::int64_t>(task.sources.size());
    at::parallel_for(0, count * task.heads, 1,
                     [&](std::int64_t begin, std::int64_t end) { kernel(task, begin, end); });
}

}  // namespace rankscope::torch_backend
