// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace rankscope::torch_backend {

/// The decoder as search sees it. Rows are hypotheses, `beams` adjacent rows per source.
class DecoderSteps {
 public:
    virtual ~DecoderSteps() = default;

    /// Next-token logits, float32 [rows, vocabulary], after one more token for each row.
    /// tokens: int64 [rows] on the model's device.
    virtual at::Tensor step(const at::Tensor& tokens) = 0;

    /// Self-attention caches: row i becomes the old row parents[i] (same source). Called only when
    /// parents change. parents: int64 [rows].
    virtual void reorder(const at::Tensor& parents) = 0;

    /// Keeps only these sources (ascending positions among the present ones), dropping finished
    /// ones with all their rows.
    virtual void keepSources(const std::vector<std::int64_t>& sources) = 0;

    virtual std::int64_t vocabulary() const = 0;
    virtual at::Device device() const = 0;
};

}  // namespace rankscope::torch_backend
