// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/backend/seq2seq.h"

namespace rankscope::torch_backend {

/// Sequences of different length as one block of rows without padding: sequence i has the rows
/// offsets[i] … offsets[i + 1) of a tensor [rows, …].
struct Ragged {
    std::vector<std::int64_t> offsets{0};

    Ragged() = default;
    explicit Ragged(std::span<const backend::TokenIds> sequences);
    /// `count` sequences of `length` each.
    Ragged(std::int64_t count, std::int64_t length);

    std::int64_t count() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
    std::int64_t rows() const { return offsets.back(); }
    std::int64_t begin(std::int64_t i) const { return offsets[static_cast<std::size_t>(i)]; }
    std::int64_t length(std::int64_t i) const { return begin(i + 1) - begin(i); }
    std::int64_t longest() const;
};

/// All ids one after the other, int64 [rows] on `device`.
at::Tensor joinedIds(std::span<const backend::TokenIds> sequences, const at::Device& device);

/// Rows as [count, longest, …] with zeros after the shorter sequences, and back.
class Padding {
 public:
    Padding() = default;
    Padding(const Ragged& ragged, const at::Device& device);

    at::Tensor padded(const at::Tensor& rows) const;     // [rows, d] -> [count, longest, d]
    at::Tensor unpadded(const at::Tensor& block) const;  // [count, longest, d] -> [rows, d]
    /// 0 at real positions and the lowest finite number of `type` at padding: [count, 1, 1,
    /// longest].
    at::Tensor mask(at::ScalarType type) const;

 private:
    std::int64_t m_count = 0, m_longest = 0;
    at::Tensor m_places;  // [rows], int64: the place of each row in [count · longest]
};

/// The lowest finite number of a floating-point type.
double lowestOf(at::ScalarType type);

}  // namespace rankscope::torch_backend
