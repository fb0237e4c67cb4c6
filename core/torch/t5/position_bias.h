// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace rankscope::torch_backend {

/// The relative position bias of one stack: a table of buckets, read by the distance from query to
/// key. Block 0 owns it, every block of the stack adds it.
class PositionBias {
 public:
    PositionBias() = default;
    /// table [buckets, heads] on the model's device.
    PositionBias(const at::Tensor& table, bool bidirectional, std::int64_t maxDistance)
        : m_table(table), m_bidirectional(bidirectional), m_maxDistance(maxDistance) {}

    /// [heads, 2 · reach - 1 + 16]: the bias for key - query = d is in column d + reach - 1; the
    /// last 16 columns are zeros, so that vectors may read past the end.
    at::Tensor byDistance(std::int64_t reach) const;

    /// [heads, queries, keys] from the result of byDistance(reach), both counted from 0.
    static at::Tensor square(const at::Tensor& byDistance, std::int64_t reach);

 private:
    at::Tensor m_table;
    bool m_bidirectional = false;
    std::int64_t m_maxDistance = 128;
};

/// The bucket of each distance key - query (int64, CPU), in float32 as transformers computes it:
/// the first half exact, the rest logarithmic up to maxDistance.
at::Tensor positionBuckets(const at::Tensor& distances, bool bidirectional, std::int64_t buckets,
                           std::int64_t maxDistance);

}  // namespace rankscope::torch_backend
