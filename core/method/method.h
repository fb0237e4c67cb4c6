// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"

namespace rankscope::method {

/// The data a method uses besides W.
enum class MethodNeeds { Nothing, Inputs, Gradients, Walk };

constexpr int mostRefinePasses = 10'000;

/// Settings of all methods; each uses some.
struct MethodSettings {
    double alpha = 0.5;  ///< exponent of `diagonal`
    double ridge =
        1e-2;  ///< of `anchored`, `compensated`, `fisher2`, `slim`: mean diagonals of the metric
    double rarity = 0.5;  ///< of `compensated`, `slim`: tokens have the weight occurrences^-rarity
    bool refit = false;   ///< a last pass that fits every left factor to the shifted inputs
    bool refine = false;  ///< training block by block after all else (docs/methods/refine.md)
    int refinePasses = 25;   ///< of it, through the dialogues
    std::uint64_t seed = 0;  ///< of `randomized`, and of the order of batches in a refinement

    bool operator==(const MethodSettings&) const = default;
};

/// One matrix to approximate.
struct MethodInput {
    MatrixView weight;                                    // [m, n]
    std::int64_t rank = 0;                                ///< components wanted, 1 … min(m, n)
    const backend::InputMoments* inputs = nullptr;        ///< if the method needs them
    const backend::GradientMoments* gradients = nullptr;  ///< the same
    MethodSettings settings = {};
};

/// A way to approximate a matrix by one of lower rank; docs/methods/approximation.md has each
/// formula. Components come in order of importance: rank r is the first r columns of left and rows
/// of right.
struct Method {
    std::string_view name;  ///< as in --method
    std::string_view help;
    MethodNeeds needs = MethodNeeds::Nothing;
    /// W [m, n] -> left [m, rank], right [rank, n], float64. Null if the method needs a walk.
    backend::Factors (*factorize)(const MethodInput& input,
                                  const backend::LinearAlgebra& algebra) = nullptr;
    /// The same from the group that the walk through the layers has reached.
    backend::Factors (*factorizeWalked)(const MethodInput& input, const backend::WalkedGroup& group,
                                        const backend::LinearAlgebra& algebra) = nullptr;
    bool looksAtOutputs = false;       ///< at GradientMoments::second, which the head lacks
    bool hasExponent = false;          ///< looks at MethodSettings::alpha
    bool hasRidge = false;             ///< looks at MethodSettings::ridge
    bool rareTokensCountMore = false;  ///< the walk weighs tokens by MethodSettings::rarity
    /// Heads and units are cut, not ranks (slim.h); there are no factors.
    bool cutsHeads = false;
    bool preview = false;  ///< replaces svd: another matrix at every rank, no better than svd
};

/// All methods, the default first.
std::span<const Method> methods();

/// The method of that name; throws Error of kind Usage naming the known ones.
const Method& methodNamed(std::string_view name);

/// The first `rank` components.
backend::Factors firstComponents(const backend::Factors& factors, std::int64_t rank);

/// Eckart-Young: the best approximation in the Frobenius and the spectral norm.
backend::Factors truncatedSvd(const MethodInput& input, const backend::LinearAlgebra& algebra);
/// The best on the calibration inputs: U_r U_rᵀ W, U from W G Wᵀ (DRONE; SVD-LLM without inverse).
backend::Factors whitened(const MethodInput& input, const backend::LinearAlgebra& algebra);
/// Input channels weighted by (mean |x_j|)^alpha (ASVD, arXiv:2312.05821).
backend::Factors diagonal(const MethodInput& input, const backend::LinearAlgebra& algebra);
/// Input channels weighted by their squared gradients (FWSVD, arXiv:2207.00112).
backend::Factors fisher(const MethodInput& input, const backend::LinearAlgebra& algebra);
/// Inputs by their second moments, outputs by those of their gradients (two-sided).
backend::Factors twoSided(const MethodInput& input, const backend::LinearAlgebra& algebra);
/// The original outputs from the inputs of the model compressed so far: reduced-rank regression
/// with a ridge (cf. arXiv:2604.02119).
backend::Factors anchored(const MethodInput& input, const backend::WalkedGroup& group,
                          const backend::LinearAlgebra& algebra);
/// As `anchored`, with a ridge that pulls towards W instead of 0, and if the output is added to the
/// residual stream it also makes up for that stream's error.
backend::Factors compensated(const MethodInput& input, const backend::WalkedGroup& group,
                             const backend::LinearAlgebra& algebra);
/// The left factor that best gives the original outputs from the shifted inputs, with the right one
/// unchanged; a ridge pulls towards the given left factor.
backend::Factors refitted(const MethodInput& input, const backend::Factors& factors,
                          const backend::WalkedGroup& group, const backend::LinearAlgebra& algebra);
/// A preview: random projections with two power steps (Halko, Martinsson, Tropp, arXiv:0909.4061).
backend::Factors randomized(const MethodInput& input, const backend::LinearAlgebra& algebra);

}  // namespace rankscope::method
