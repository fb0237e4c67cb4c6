// SPDX-License-Identifier: Apache-2.0
#include "core/report/checkpoint_tables.h"

#include <utility>

#include "core/checkpoint/parameter_count.h"

namespace rankscope::report {

Json inspectJson(const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::T5Config& config = checkpoint.config();
    Json matrices = Json::array();
    for (const checkpoint::WeightMatrix& matrix : checkpoint.matrices())
        matrices.push_back(
            {{"name", matrix.name},
             {"stack", stackName(matrix.stack)},
             {"block", matrix.block},
             {"role", roleName(matrix.role)},
             {"shape", {matrix.rows, matrix.columns}},
             {"dtype", dtypeName(matrix.dtype)},
             {"parameters", checkpoint::storedParameters(matrix.rows, matrix.columns, matrix.rank,
                                                         matrix.storage)},
             {"break_even_rank", checkpoint::breakEvenRank(matrix.rows, matrix.columns)},
             {"storage", storageName(matrix.storage)},
             {"rank", matrix.rank}});
    return {{"model",
             {{"type", config.modelType},
              {"d_model", config.dModel},
              {"d_kv", config.dKv},
              {"d_ff", config.dFf},
              {"num_heads", config.numHeads},
              {"num_layers", config.numLayers},
              {"num_decoder_layers", config.numDecoderLayers},
              {"vocab_size", config.vocabSize},
              {"feed_forward_proj", config.feedForwardProj},
              {"tied_head", checkpoint.tiedHead()}}},
            {"parameters", checkpoint.parameterCount()},
            {"bytes", checkpoint.byteCount()},
            {"matrices", std::move(matrices)},
            {"warnings", checkpoint.warnings()}};
}

}  // namespace rankscope::report
