// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/option.h"
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::checkpoint {

/// Chosen matrices: comma lists of roles (q,k,v,o,wi,wi_0,wi_1,wo,embedding,head), groups
/// (attention, ffn, all: every linear matrix; never embedding or head unless named) or globs over
/// tensor names (*, ?, [..]; the whole name must match).
struct Selection {
    std::string targets = "all";
    std::string exclude;
};

/// The options --targets and --exclude.
const Option& targetsOption();
const Option& excludeOption();
/// The roles and groups that both take between commas.
std::span<const std::string_view> selectionWords();

/// The chosen matrices in model order. Throws Error of kind Usage if a word is not a role, group or
/// glob, if a word of `targets` matches nothing, or if nothing is left.
std::vector<WeightMatrix> selectMatrices(std::span<const WeightMatrix> matrices,
                                         const Selection& selection);

}  // namespace rankscope::checkpoint
