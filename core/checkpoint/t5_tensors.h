// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/shape.h"
#include "core/checkpoint/t5_config.h"
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::checkpoint {

/// A tensor that a T5 of some config has besides its weight matrices: norms and position tables.
struct PlainTensor {
    std::string name;
    Shape shape;
};

/// Everything a T5 consists of, in model order: embedding, encoder, decoder, head.
struct T5Tensors {
    std::vector<WeightMatrix> matrices;  ///< dense, dtype and storage not yet known
    std::vector<PlainTensor> others;
};

/// The tensors of a T5 with this config (docs/formats.md lists the names). `vocabulary` is the row
/// count of embedding and head; `ownHead` says whether lm_head.weight is one of them.
T5Tensors expectedTensors(const T5Config& config, std::int64_t vocabulary, bool ownHead);

}  // namespace rankscope::checkpoint
