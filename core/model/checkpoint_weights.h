// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/backend/seq2seq.h"
#include "core/checkpoint/checkpoint.h"

namespace rankscope::model {

/// The weights of a checkpoint as its files store them.
class CheckpointWeights : public backend::WeightSource {
 public:
    explicit CheckpointWeights(const checkpoint::Checkpoint& checkpoint)
        : m_checkpoint(&checkpoint) {}
    backend::LayerWeights matrix(const std::string& module) const override;
    backend::Tensor tensor(const std::string& name) const override;

 private:
    const checkpoint::Checkpoint* m_checkpoint;
};

/// Puts a stored tensor of a matrix into the field that its suffix (".weight", ".down.weight" …)
/// names.
void placeTensor(backend::LayerWeights& weights, std::string_view suffix, backend::Tensor tensor);

}  // namespace rankscope::model
