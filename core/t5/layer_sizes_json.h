// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.h"
#include "core/base/json_reader.h"
#include "core/t5/layer_sizes.h"
#include "core/t5/t5_config.h"

namespace rankscope::t5 {

/// {"encoder.block.0.layer.0.SelfAttention": {"scores": [r, …], "values": [r, …]},
///  "encoder.block.0.layer.1.DenseReluDense": {"units": n}, …}, as plans and saves hold it.
Json sizesToJson(const LayerSizes& sizes);

/// The inverse. Throws Error naming the place if a name is not a sublayer of this model, a list
/// has not one size per head, or a size is not 1 … d_kv or 1 … d_ff.
LayerSizes sizesFromJson(const JsonReader& reader, const T5Config& config);

}  // namespace rankscope::t5
