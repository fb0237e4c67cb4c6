// SPDX-License-Identifier: Apache-2.0
#include "core/torch/t5/decoder_steps.h"

namespace rankscope::torch_backend {

DecoderSteps::~DecoderSteps() = default;

}  // namespace rankscope::torch_backend
