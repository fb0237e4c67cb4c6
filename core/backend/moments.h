// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/seq2seq.h"
#include "core/base/progress.h"
#include "core/base/tensor_view.h"

namespace rankscope::backend {

/// Statistics of a layer input x over calibration tokens, without padding. Matrices with the same
/// input share them: they are named after the first module that takes it, in the model's order. All
/// keys and values of cross attention take the encoder's output. The head's input is called
/// "lm_head", also if the head is the embedding "shared".
struct InputMoments {
    std::int64_t tokens = 0;
    Matrix second;                 // [in, in]: Σ x xᵀ over tokens, float64
    std::vector<double> absolute;  // [in]: Σ |x_j|
};

/// Statistics of the loss's gradients at a layer y = x Wᵀ; the loss of an example is Σ -log p over
/// its target. float32 arithmetic, float64 sums. The head's module is "lm_head", also if it is the
/// embedding.
struct GradientMoments {
    std::int64_t tokens = 0;
    Matrix second;  // [out, out]: Σ g gᵀ over tokens, g = ∂loss/∂y, float64; empty
                    // for the head, for which it would be 8 GB
    std::vector<double> columns;  // [in]: Σ over examples and outputs i of (∂loss/∂W_ij)²
    /// [heads], of queries only: Σ over the scores of their attention of (∂loss/∂score)². Not in
    /// the file of a calibration.
    std::vector<double> scores = {};
};

/// How x xᵀ is summed over tokens; docs/methods/calibration.md has the error of each.
enum class MomentArithmetic {
    Float64,
    /// Exact integer sums of inputs rounded to 22 to 23 bits below the largest of their feature.
    FixedPoint,
};

/// "float64", "fixed-point", and back; nothing for any other word.
std::string_view toString(MomentArithmetic arithmetic);
std::optional<MomentArithmetic> momentArithmeticNamed(std::string_view name);

struct MomentOptions {
    bool gradients = false;  ///< also collect output gradients
    /// Absent: fixed point if it is faster on this processor, else float64. Inputs other than
    /// float32 on the CPU are always summed in float64.
    std::optional<MomentArithmetic> arithmetic = {};
};

/// Accumulates moments batch after batch; memory does not grow with them.
class MomentCollector {
 public:
    virtual ~MomentCollector();
    /// Teacher-forced forward pass (and a backward pass with `gradients`). Targets end in </s>.
    /// Throws Error naming the input if a value is infinite or NaN. After an Error the sums hold
    /// part of the batch and are unusable.
    virtual void add(std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                     const Progress& progress) = 0;
    virtual const std::map<std::string, InputMoments>& inputs() const = 0;
    /// The arithmetic in which inputs are summed.
    virtual MomentArithmetic arithmetic() const = 0;
    /// By module; empty unless asked for.
    virtual const std::map<std::string, GradientMoments>& gradients() const = 0;
};

/// Layers with the same input, reached while the original and the compressed model walk side by
/// side.
struct WalkedGroup {
    std::vector<std::string> modules;
    std::int64_t tokens = 0;
    Matrix original;  // [in, in]: X Xᵀ, inputs of the original model as columns
    Matrix cross;     // [in, in]: X X'ᵀ
    Matrix shifted;   // [in, in]: X' X'ᵀ, inputs of the model compressed so far
    /// [out, in]: (S - S') X'ᵀ, where S is the residual stream to which the output is added: the
    /// compressed model's deficit so far. Empty for layers that add nothing to it.
    Matrix lost;
};

/// The examples of a walk, teacher-forced. Targets end in </s>.
struct WalkExamples {
    std::span<const TokenIds> sources, targets;
    /// Tokens have the weight occurrences^-rarity, divided by the mean: 0 all alike, 1 every
    /// distinct token as much as any other. Occurrences are those in all sources, or in all decoder
    /// inputs.
    double rarity = 0;
};

/// The linear layers in the order of the forward pass: encoder first, then the keys and values of
/// cross attention of all blocks as one group, then the decoder, the head ("lm_head") last.
/// Unusable after an Error.
class LayerWalk {
 public:
    virtual ~LayerWalk();
    /// The next layers, nothing after the last. Modules that were not replaced stay unchanged.
    /// Throws Error naming the group if its input in one of the models is infinite or NaN.
    virtual std::optional<WalkedGroup> next(const Progress& progress) = 0;
    /// From now on `module`, one of the group just given, is `weights` in the compressed model.
    /// Throws Error if it is not in that group or the shapes do not fit.
    virtual void replace(const std::string& module, const LayerWeights& weights) = 0;
};

}  // namespace rankscope::backend
