// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// The device of a model and the type in which its layers compute.
struct Placement {
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;

    /// True if our own kernels do the work: float32 on the CPU.
    bool cpuFloat() const { return device.is_cpu() && type == at::kFloat; }
    /// True if weights are stored packed (packed_product.h) and in no other form.
    bool packed() const;
};

Placement placementOf(const backend::Seq2SeqOptions& options);

/// The tensors of backend::LayerWeights on the model's device, in the type it computes in.
struct LayerTensors {
    at::Tensor dense;                // [out, in]
    at::Tensor down;                 // [rank, in]
    at::Tensor up;                   // [out, rank]
    at::Tensor mix;                  // [out - rank, rank]
    std::vector<std::int64_t> rows;  // [out], a permutation

    std::int64_t in() const { return dense.defined() ? dense.size(1) : down.size(1); }
    std::int64_t out() const;
};

/// Takes weights from a source, checks their shapes and types and places them.
class WeightLoader {
 public:
    WeightLoader(const backend::WeightSource& source, const Placement& placement,
                 const Progress& progress, std::int64_t tensorsExpected);

    /// The matrix of a module; `out` or `in` may be -1: any. Throws Error naming the tensor.
    LayerTensors layer(const std::string& module, std::int64_t out, std::int64_t in);
    /// A vector or table by name.
    at::Tensor tensor(const std::string& name, const Shape& shape);

    const Placement& placement() const { return m_placement; }

 private:
    at::Tensor place(const backend::Tensor& tensor, const Shape& expected,
                     const std::string& name) const;
    void count(const std::string& name);

    const backend::WeightSource* m_source;
    Placement m_placement;
    const Progress* m_progress;
    std::int64_t m_expected;
    std::int64_t m_done = 0;
};

}  // namespace rankscope::torch_backend
