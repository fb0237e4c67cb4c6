// SPDX-License-Identifier: Apache-2.0
#include "core/checkpoint/t5_tensors.h"

namespace rankscope::checkpoint {

namespace {

WeightMatrix matrixAt(const t5::Place& place, const Shape& shape) {
    WeightMatrix matrix;
    matrix.name = t5::moduleName(place) + ".weight";
    matrix.stack = place.stack;
    matrix.block = place.block;
    matrix.sublayer = place.sublayer;
    matrix.role = place.role;
    matrix.rows = shape[0];
    matrix.columns = shape[1];
    matrix.rank = matrix.fullRank();
    return matrix;
}

void addStack(T5Tensors& tensors, Stack stack, std::int64_t blocks, const T5Config& config) {
    for (int block = 0; block < blocks; ++block)
        for (const Sublayer sublayer : t5::sublayersOf(stack)) {
            for (const Role role : t5::rolesOf(sublayer, config)) {
                const t5::Place place{stack, block, sublayer, role};
                tensors.matrices.push_back(matrixAt(place, t5::shapeOf(place, config)));
            }
            tensors.others.push_back(
                {t5::normName(stack, block, sublayer) + ".weight", {config.dModel}});
            if (block == 0 && sublayer == Sublayer::SelfAttention)
                tensors.others.push_back({t5::positionTableName(stack) + ".weight",
                                          {config.relativeAttentionNumBuckets, config.numHeads}});
        }
    tensors.others.push_back({t5::finalNormName(stack) + ".weight", {config.dModel}});
}

}  // namespace

T5Tensors expectedTensors(const T5Config& config, std::int64_t vocabulary, bool ownHead) {
    T5Tensors tensors;
    const Shape rows{vocabulary, config.dModel};
    tensors.matrices.push_back(
        matrixAt({Stack::Shared, -1, Sublayer::Vocabulary, Role::Embedding}, rows));
    addStack(tensors, Stack::Encoder, config.numLayers, config);
    addStack(tensors, Stack::Decoder, config.numDecoderLayers, config);
    if (ownHead)
        tensors.matrices.push_back(
            matrixAt({Stack::Shared, -1, Sublayer::Vocabulary, Role::Head}, rows));
    return tensors;
}

}  // namespace rankscope::checkpoint
