// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope {

/// How many letters have to be inserted, deleted, replaced or swapped with their neighbour to turn
/// one word into the other, no letter being touched twice (optimal string alignment, the restricted
/// Damerau-Levenshtein distance).
std::size_t editDistance(std::string_view a, std::string_view b);

/// Which of `known` somebody who wrote `word` may have meant, at most three: those with the fewest
/// edits, at most one per three letters; if there are none, those that begin with `word` or that
/// hold all its parts between dashes, or the other way round. Case does not count.
std::vector<std::string_view> nearestWords(std::string_view word,
                                           std::span<const std::string_view> known);

/// "; did you mean a?", "; did you mean a, b or c?", or nothing if no word is near. `dashes` is
/// put before each.
std::string didYouMean(std::string_view word, std::span<const std::string_view> known,
                       std::string_view dashes = "");

}  // namespace rankscope
