// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/option.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/method.h"
#include "core/method/slim.h"
#include "core/spectra/spectrum.h"
#include "core/t5/layer_sizes.h"

namespace rankscope::plan {

/// Storage that the user may ask for; Auto is resolved into one of checkpoint::Storage when
/// planning. Plain and Sizes are for slim only, where Auto means Plain.
enum class StorageChoice { Auto, Factored, Pivoted, Dense, Plain, Sizes };

/// The sizes that slim gives: one d_kv and one d_ff for the whole model, or its own for every layer
/// and head.
enum class Cut { None, Plain, Sizes };

/// How far to compress; exactly one is given.
struct RankTarget {
    enum class Kind { Rank, Ratio, Energy, Error, Budget };
    Kind kind = Kind::Rank;
    double value = 0;
};

struct PlanOptions {
    RankTarget target;
    std::string method = "svd";
    method::MethodSettings settings = {};
    StorageChoice storage = StorageChoice::Auto;
    std::string allocation = "uniform";        ///< how --budget is distributed
    std::string allocationError = "relative";  ///< "raw" or "loss": summed by water-filling
    /// By matrix name, for "loss": factors c_l of the relative squared errors; absent is 1.
    std::map<std::string, double> lossWeights = {};
    /// For slim: what each size would lose (method::slimErrors()); null: not known.
    std::shared_ptr<const method::SlimErrorTable> slimErrors = {};
    /// For slim's plain sizes under a budget: dimensions per head, unless they are to be the same
    /// share as the units (0).
    std::int64_t headSize = 0;
    std::int64_t multipleOf = 1;  ///< ranks are rounded down to a multiple (never below it); up for
                                  ///< energy and error, so that the target still holds
    std::int64_t minRank = 1;
    /// Caps every rank; a matrix that could have a larger one is then never left unchanged.
    std::int64_t maxRank = std::numeric_limits<std::int64_t>::max();
    std::string groups = "none";  ///< "type": matrices of one type share a rank (allocationGroups)
};

/// One chosen matrix.
struct PlanEntry {
    checkpoint::WeightMatrix matrix;
    /// 1 … min(rows, columns). Of slim: the rows of q, k, v, wi or the columns of o, wo that are
    /// left, 1 … the inner width.
    std::int64_t rank = 0;
    std::string method = "svd";
    checkpoint::Storage storage = checkpoint::Storage::Dense;
    Cut cut = Cut::None;  ///< not None: by slim; storage is then Dense
    bool kept = false;  ///< true: the original matrix stays unchanged (auto storage, nothing saved)
    bool automatic = false;  ///< storage was chosen by `auto`: if the dtype's rounding forbids
                             ///< pivoting, compress() may take the next smallest exact form
    std::int64_t parametersDense = 0;
    std::int64_t parametersStored = 0;
    /// Predicted from the spectrum, if that is known: for svd without a refit; 0 if unchanged.
    std::optional<double> relativeError;
};

/// Parameters of the whole model under each counting; see docs/methods/counting.md "Counting".
struct ParameterCounts {
    std::int64_t dense = 0;           ///< every matrix dense
    std::int64_t stored = 0;          ///< as the plan writes it
    std::int64_t factored = 0;        ///< all chosen matrices as two factors
    std::int64_t pivoted = 0;         ///< all chosen matrices pivoted
    std::int64_t postConvention = 0;  ///< chosen matrices not counted at all, as in the blog post
};

/// A setting that was measured before the plan was decided.
struct TriedSetting {
    std::string allocation;  ///< empty if no budget was distributed
    double ridge = 0;
    std::int64_t parameters = 0;  ///< of the whole model, really stored
    double loss = 0;              ///< on held-out dialogues; may be NaN
};

/// The content of the calibration that a plan was made with.
struct CalibrationOrigin {
    std::string contentHash;  ///< of the checkpoint's weights
    std::string dataHash;     ///< SHA-256 of the dialogues' file
    std::size_t samples = 0;
    std::uint64_t seed = 0;
};

/// The storage, rank and method of each chosen matrix. A value: editing makes a new plan.
struct CompressionPlan {
    std::vector<PlanEntry> entries;
    /// Of every sublayer with an entry by slim: what is left of each head and of the units.
    t5::LayerSizes sizes = {};
    ParameterCounts parameters;
    std::string allocation;  ///< the one that distributed a budget; else, and once edited, empty
    std::vector<std::string> warnings;
    std::vector<TriedSetting> tried;  ///< measured by `auto` and by the choice of a ridge
    method::MethodSettings settings = {};
    std::string calibrationFile;  ///< the calibration that the methods use; empty: none
    std::optional<CalibrationOrigin> calibration;  ///< its content, once it has been opened
};

/// "dense", "factored", "pivoted"; of slim "plain" or "sizes".
std::string_view storageName(const PlanEntry& entry);
/// "auto", and those of storageName().
std::string_view storageChoiceName(StorageChoice choice);
std::optional<StorageChoice> storageChoiceNamed(std::string_view name);

}  // namespace rankscope::plan
