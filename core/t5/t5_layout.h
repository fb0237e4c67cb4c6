// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/shape.h"
#include "core/t5/t5_config.h"

/// The order, names and shapes of T5's layers: the only place that spells them.
namespace rankscope::t5 {

enum class Stack { Shared, Encoder, Decoder };

/// The job of a matrix; names as in the tensor names ("wi" is the ungated first layer of T5 v1.0).
enum class Role { Q, K, V, O, Wi, Wi0, Wi1, Wo, Embedding, Head };

/// The attention (or none) that a matrix belongs to.
enum class Sublayer { SelfAttention, CrossAttention, FeedForward, Vocabulary };

std::string_view stackName(Stack stack);  ///< "shared", "encoder", "decoder"
std::string_view roleName(Role role);     ///< "q" … "wo", "embedding", "head"
std::optional<Role> parseRole(std::string_view name);

/// Where a linear layer, the embedding or the head is in the model.
struct Place {
    Stack stack = Stack::Encoder;
    int block = 0;  ///< -1 for the embedding and the head
    Sublayer sublayer = Sublayer::SelfAttention;
    Role role = Role::Q;
};

/// The module there, e.g. "encoder.block.0.layer.0.SelfAttention.q", "shared", "lm_head".
std::string moduleName(const Place& place);
/// The inverse; nothing for any other name. The alias names of the embedding
/// ("encoder.embed_tokens", "decoder.embed_tokens") give Embedding.
std::optional<Place> placeOfModule(std::string_view module);

/// The norm before a sublayer, e.g. "encoder.block.0.layer.0.layer_norm".
std::string normName(Stack stack, int block, Sublayer sublayer);
std::string finalNormName(Stack stack);  ///< "encoder.final_layer_norm"
/// The table of relative positions [buckets, heads], which all blocks of the stack share.
std::string positionTableName(Stack stack);

/// The sublayers of one block of a stack, in order.
std::vector<Sublayer> sublayersOf(Stack stack);
/// The linear layers of a sublayer, in order: q, k, v, o, or wi (wi_0, wi_1) and wo.
std::vector<Role> rolesOf(Sublayer sublayer, const T5Config& config);
/// The module of a sublayer, e.g. "decoder.block.0.layer.1.EncDecAttention".
std::string sublayerName(Stack stack, int block, Sublayer sublayer);
/// The sizes that a sublayer has: its own, or d_kv for each head and d_ff.
SublayerSizes sizesOf(Stack stack, int block, Sublayer sublayer, const T5Config& config);
/// The inner width of a linear layer: rows of q, k, v, wi, wi_0, wi_1, columns of o and wo.
std::int64_t innerWidth(Role role, const SublayerSizes& sizes);
/// Shape [out, in] of a linear layer in a block.
Shape shapeOf(const Place& place, const T5Config& config);

/// Linear layers with one input, and the use of their outputs.
struct LayerGroup {
    enum class Next {
        SelfAttention,   ///< of q, k, v: the next group's input
        CrossAttention,  ///< of q with the block's keys and values: the next group's input
        Activation,      ///< act(wi x), or act(wi_0 x) · (wi_1 x): the next group's input
        AddToStream,     ///< added to the residual stream
        Decoder,         ///< keys and values of all blocks: the decoder begins
        End,             ///< the head
    };

    std::vector<std::string> modules = {};
    std::vector<std::int64_t> out = {};  ///< of each of them; -1 for the head: any
    std::int64_t in = 0;
    /// The norm of the residual stream that is their input; empty: the input is the result of the
    /// group before.
    std::string norm = {};
    Next next = Next::End;
    int block = 0;
};

/// All groups of a T5 in the order of the forward pass; the keys and values of cross attention,
/// which take the encoder's output, are one group between encoder and decoder.
std::vector<LayerGroup> layerGroups(const T5Config& config);

/// The name of the input that a module takes: that of the first module of its group, e.g.
/// "encoder.block.0.layer.0.SelfAttention.q" for k and v too.
std::string inputOfModule(const std::string& module);

}  // namespace rankscope::t5
