// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/position_bias.h"

#include <cmath>

namespace rankscope::torch_backend {

at::Tensor positionBuckets(const at::Tensor& distances, bool bidirectional, std::int64_t buckets,
                           std::int64_t maxDistance) {
    at::Tensor offset = at::zeros_like(distances);
    at::Tensor steps;
    if (bidirectional) {
        buckets /= 2;
        offset = distances.gt(0).to(at::kLong).mul(buckets);
        steps = distances.abs();
    } else {
        steps = distances.clamp_max(0).neg();
    }
    const std::int64_t exact = buckets / 2;
    const double scale = std::log(static_cast<double>(maxDistance) / static_cast<double>(exact));
    // Distances below `exact` are clamped only to keep the logarithm finite; they are not used.
    const at::Tensor logarithmic = steps.clamp_min(exact)
                                       .to(at::kFloat)
                                       .div(exact)
                                       .log()
                                       .div(scale)
                                       .mul(buckets - exact)
                                       .to(at::kLong)
                                       .add(exact)
                                       .clamp_max(buckets - 1);
    return offset.add(at::where(steps.lt(exact), steps, logarithmic));
}

at::Tensor PositionBias::byDistance(std::int64_t reach) const {
    const at::Tensor distances = at::arange(1 - reach, reach, at::kLong);
    const at::Tensor buckets =
        positionBuckets(distances, m_bidirectional, m_table.size(0), m_maxDistance);
    const at::Tensor values = m_table.index_select(0, buckets.to(m_table.device())).t();
    return at::constant_pad_nd(values, {0, 16}).contiguous();
}

at::Tensor PositionBias::square(const at::Tensor& byDistance, std::int64_t reach) {
    return byDistance.narrow(1, 0, 2 * reach - 1).unfold(1, reach, 1).flip(1);
}

}  // namespace rankscope::torch_backend
