// SPDX-License-Identifier: Apache-2.0
#include "core/plan/slim_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>

#include "core/base/error.h"
#include "core/method/slim.h"
#include "core/plan/allocation.h"
#include "core/plan/finish_plan.h"
#include "core/plan/knapsack.h"
#include "core/plan/rank_target.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

using checkpoint::Checkpoint;
using checkpoint::Role;
using checkpoint::Storage;
using checkpoint::WeightMatrix;
using method::SlimSublayer;
using Kind = RankTarget::Kind;

namespace {

constexpr std::string_view waterFillingName = "water-filling";

/// A size that is decided by itself: of one head's scores or values, or of one layer's units.
struct Part {
    std::int64_t& size;
    std::int64_t cost = 0;                        ///< parameters of one dimension or unit
    const std::vector<double>* errors = nullptr;  ///< by size; null: not known
    bool units = false;
};

/// The sublayers of a plan and their sizes while they are decided.
class Sizing {
 public:
    Sizing(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
           const PlanOptions& options)
        : m_checkpoint(checkpoint),
          m_chosen(chosen),
          m_options(options),
          m_sublayers(method::slimSublayers(checkpoint, chosen)) {
        for (const SlimSublayer& sublayer : m_sublayers) m_sizes[sublayer.name] = sublayer.sizes;
        for (const SlimSublayer& sublayer : m_sublayers) addParts(sublayer);
        if (cut() == Cut::Plain) requirePlain();
    }

    Cut cut() const { return m_options.storage == StorageChoice::Sizes ? Cut::Sizes : Cut::Plain; }

    /// Fewest parameters of the chosen matrices.
    std::int64_t least() const {
        std::int64_t sum = 0;
        for (const Part& part : m_parts) sum += part.cost * lowest(part.size);
        return sum;
    }

    void decide() {
        switch (m_options.target.kind) {
            case Kind::Rank:
                return byRank();
            case Kind::Ratio:
                return byRatio();
            case Kind::Energy:
            case Kind::Error:
                return byErrors();
            case Kind::Budget:
                break;
        }
        const std::int64_t allowed = allowedByBudget(m_checkpoint, m_chosen, m_options, least());
        if (cut() == Cut::Sizes && m_options.allocation != allocators().front().name)
            byWaterFilling(allowed);
        else
            alike(allowed);
    }

    CompressionPlan plan() const {
        CompressionPlan plan;
        plan.sizes = m_sizes;
        plan.settings = m_options.settings;
        if (m_options.target.kind == Kind::Budget) plan.allocation = m_options.allocation;
        for (const WeightMatrix& matrix : m_chosen)
            plan.entries.push_back(slimEntry(
                matrix, m_sizes.at(t5::sublayerName(matrix.stack, matrix.block, matrix.sublayer)),
                cut()));
        finishPlan(m_checkpoint, plan);
        plan.warnings.insert(plan.warnings.end(), m_warnings.begin(), m_warnings.end());
        return plan;
    }

 private:
    void addParts(const SlimSublayer& sublayer) {
        const std::int64_t width = m_checkpoint.config().dModel;
        const method::SlimErrors* errors = nullptr;
        if (m_options.slimErrors) {
            const auto known = m_options.slimErrors->find(sublayer.name);
            if (known != m_options.slimErrors->end()) errors = &known->second;
        }
        t5::SublayerSizes& sizes = m_sizes.at(sublayer.name);
        const auto heads = [&](std::vector<std::int64_t>& all,
                               const std::vector<std::vector<double>>* known) {
            for (std::size_t head = 0; head < all.size(); ++head)
                m_parts.push_back(
                    {all[head], 2 * width, known == nullptr ? nullptr : &(*known)[head], false});
        };
        if (sublayer.hasScores())
            heads(sizes.scores, errors == nullptr ? nullptr : &errors->scores);
        if (sublayer.hasValues())
            heads(sizes.values, errors == nullptr ? nullptr : &errors->values);
        if (sublayer.hasUnits())
            m_parts.push_back({sizes.units,
                               static_cast<std::int64_t>(sublayer.wi.size() + 1) * width,
                               errors == nullptr ? nullptr : &errors->units, true});
    }

    /// One d_kv is that of q, k, v and o of every attention, one d_ff that of every feed-forward.
    void requirePlain() const {
        const t5::T5Config& config = m_checkpoint.config();
        if (!config.sizes.empty())
            throw usageError(
                "The model has sizes of its own for every layer and head already, so one d_kv and "
                "one d_ff cannot be made of it; give --storage sizes.");
        std::size_t attentions = 0, whole = 0, forwards = 0;
        for (const SlimSublayer& sublayer : m_sublayers) {
            if (sublayer.hasUnits()) ++forwards;
            if (sublayer.hasScores() || sublayer.hasValues()) ++attentions;
            if (sublayer.hasScores() && sublayer.hasValues()) ++whole;
        }
        const auto encoder = static_cast<std::size_t>(config.numLayers);
        const auto decoder = static_cast<std::size_t>(config.numDecoderLayers);
        if ((attentions > 0 && whole < encoder + 2 * decoder) ||
            (forwards > 0 && forwards < encoder + decoder))
            throw usageError(fmt::format(
                "A plain T5 has one d_kv and one d_ff for all of its layers: choose {} of every "
                "layer, or give --storage sizes.",
                attentions > 0 && whole < encoder + 2 * decoder ? "q, k, v and o"
                                                                : "the feed-forward"));
    }

    std::int64_t lowest(std::int64_t full) const {
        const std::int64_t m = m_options.multipleOf;
        return std::min(full, (std::max<std::int64_t>(m_options.minRank, 1) + m - 1) / m * m);
    }
    /// `size` as the options permit it, from a part that has `full`.
    std::int64_t permitted(std::int64_t size, std::int64_t full) const {
        if (size >= full) return full;
        return std::max(lowest(full), size / m_options.multipleOf * m_options.multipleOf);
    }

    template <typename Size>
    void setEach(const Size& size) {
        for (Part& part : m_parts) part.size = permitted(size(part), part.size);
    }

    void byRank() {
        const bool heads = std::ranges::any_of(m_parts, [](const Part& p) { return !p.units; });
        const bool units = std::ranges::any_of(m_parts, &Part::units);
        if (heads && units)
            throw usageError(
                "With slim --rank is the dimensions left of each head, or the feed-forward units: "
                "choose one with --targets attention or --targets ffn, or give --ratio or "
                "--budget.");
        const double value = m_options.target.value;
        const std::int64_t full =
            std::ranges::min_element(m_parts, {}, [](const Part& p) { return p.size; })->size;
        if (!(value >= 1 && value <= static_cast<double>(full)) || value != std::floor(value))
            throw usageError(
                fmt::format("{} {} cannot be left: the permitted range is whole "
                            "numbers from 1 to {}.",
                            value, heads ? "dimensions of each head" : "units", full));
        setEach([&](const Part&) { return static_cast<std::int64_t>(value); });
    }

    void byRatio() {
        const double value = m_options.target.value;
        if (!(value > 0 && value <= 1))
            throw usageError(fmt::format(
                "A ratio of {} is not possible: it must be above 0 and at most 1.", value));
        setEach([&](const Part& part) { return shareOf(value, part.size); });
    }

    /// Smallest size of a part whose own error is small enough.
    std::int64_t sizeForError(const Part& part) const {
        const bool energy = m_options.target.kind == Kind::Energy;
        const double value = m_options.target.value;
        const double lost = energy ? 1 - value : value * value;
        const std::vector<double>& errors = *part.errors;
        std::int64_t size = 0;
        while (errors[static_cast<std::size_t>(size)] > lost * errors.front() + 1e-15) ++size;
        const std::int64_t m = m_options.multipleOf;
        return (std::max<std::int64_t>(size, 1) + m - 1) / m * m;
    }

    void byErrors() {
        const double value = m_options.target.value;
        const bool energy = m_options.target.kind == Kind::Energy;
        if (!(value <= 1 && (energy ? value > 0 : value >= 0)))
            throw usageError(fmt::format("{} of {} is not possible: it must be {} and at most 1.",
                                         energy ? "An energy" : "A relative error", value,
                                         energy ? "above 0" : "0 or more"));
        std::int64_t head = 1, units = 1;
        for (const Part& part : m_parts)
            (part.units ? units : head) = std::max(part.units ? units : head, sizeForError(part));
        setEach([&](const Part& part) {
            if (cut() == Cut::Sizes) return sizeForError(part);
            return part.units ? units : head;
        });
    }

    /// The same number of dimensions for all heads and of units for all layers, at most `allowed`
    /// parameters.
    void alike(std::int64_t allowed) {
        std::int64_t headCost = 0, unitCost = 0, headFull = 0, unitFull = 0;
        for (const Part& part : m_parts) {
            (part.units ? unitCost : headCost) += part.cost;
            std::int64_t& full = part.units ? unitFull : headFull;
            full = std::max(full, part.size);
        }
        const std::int64_t all = headCost * headFull + unitCost * unitFull;
        std::int64_t head = headFull, units = unitFull;
        if (unitCost == 0) {
            head = permitted(allowed / headCost, headFull);
        } else if (headCost == 0) {
            units = permitted(allowed / unitCost, unitFull);
        } else if (allowed < all) {
            const double share = static_cast<double>(allowed) / static_cast<double>(all);
            const auto same =
                static_cast<std::int64_t>(std::llround(share * static_cast<double>(headFull)));
            head = permitted(m_options.headSize > 0 ? m_options.headSize : same, headFull);
            const auto rest = [&] { return (allowed - headCost * head) / unitCost; };
            while (head > lowest(headFull) && rest() < lowest(unitFull))
                head = permitted(head - 1, headFull);
            units = permitted(rest(), unitFull);
        }
        setEach([&](const Part& part) { return part.units ? units : head; });
    }

    /// The sizes with the least summed relative error: a multiple-choice knapsack.
    void byWaterFilling(std::int64_t allowed) {
        std::vector<std::vector<KnapsackItem>> classes;
        std::vector<std::vector<std::int64_t>> sizes;
        for (const Part& part : m_parts) {
            std::vector<KnapsackItem> items;
            std::vector<std::int64_t> possible;
            for (std::int64_t size = lowest(part.size); size < part.size;
                 size += m_options.multipleOf)
                possible.push_back(size);
            possible.push_back(part.size);
            for (const std::int64_t size : possible)
                items.push_back({part.cost * size, (*part.errors)[static_cast<std::size_t>(size)]});
            classes.push_back(std::move(items));
            sizes.push_back(std::move(possible));
        }
        const KnapsackSolution solution = solveKnapsack(classes, allowed);
        for (std::size_t i = 0; i < m_parts.size(); ++i)
            m_parts[i].size = sizes[i][solution.picks[i]];
        if (!solution.exact)
            m_warnings.push_back(fmt::format(
                "Water-filling: the search for the best sizes was cut short. The summed relative "
                "error {:.9g} is at most {:.2g} % above the least possible.",
                solution.loss, 100 * (solution.loss - solution.bound) / solution.loss));
    }

    const Checkpoint& m_checkpoint;
    std::span<const WeightMatrix> m_chosen;
    const PlanOptions& m_options;
    std::vector<SlimSublayer> m_sublayers;
    t5::LayerSizes m_sizes;
    std::vector<Part> m_parts;
    std::vector<std::string> m_warnings;
};

void requireSlimOptions(const PlanOptions& options) {
    const StorageChoice storage = options.storage;
    if (storage != StorageChoice::Auto && storage != StorageChoice::Plain &&
        storage != StorageChoice::Sizes)
        throw usageError(
            fmt::format("slim makes smaller matrices, not factors: --storage is plain "
                        "or sizes, not {}.",
                        storageChoiceName(storage)));
    if (options.settings.refit)
        throw usageError("slim fits o and wo to the cut model already; leave --refit out.");
    if (options.groups != "none" || options.maxRank < std::numeric_limits<std::int64_t>::max() ||
        options.allocationError != "relative")
        throw usageError(
            "--groups, --max-rank and --allocation-error are of ranks; slim has none of them.");
    const bool budget = options.target.kind == Kind::Budget;
    if (budget && options.allocation != autoName &&
        std::ranges::find(slimAllocations(), options.allocation) == slimAllocations().end())
        throw usageError(fmt::format("With slim --allocation is {} or auto, not {}.",
                                     fmt::join(slimAllocations(), ", "),
                                     printable(options.allocation)));
    const bool own = options.allocation == waterFillingName || options.allocation == gradientName;
    if (budget && own && storage != StorageChoice::Sizes)
        throw usageError(
            fmt::format("--allocation {} gives every layer and head its own size: give --storage "
                        "sizes with it. A plain T5 has one d_kv and one d_ff.",
                        options.allocation));
}

}  // namespace

std::string_view storageName(Cut cut, Storage storage) {
    if (cut == Cut::Plain) return storageChoiceName(StorageChoice::Plain);
    if (cut == Cut::Sizes) return storageChoiceName(StorageChoice::Sizes);
    return checkpoint::storageName(storage);
}

std::string_view storageName(const PlanEntry& entry) {
    return storageName(entry.cut, entry.storage);
}

std::span<const std::string_view> slimAllocations() {
    static constexpr std::array<std::string_view, 3> names{"uniform", waterFillingName,
                                                           gradientName};
    return names;
}

std::string methodUnlessNamed(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
                              const PlanOptions& options, bool calibrated) {
    const auto slim =
        std::ranges::find_if(method::methods(), [](const auto& m) { return m.cutsHeads; });
    const std::string others(method::methods().front().name);
    if (options.storage == StorageChoice::Plain || options.storage == StorageChoice::Sizes)
        return std::string(slim->name);
    if (!calibrated || options.target.kind == Kind::Rank) return others;
    try {
        requirePossibleSlim(checkpoint, chosen, options);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Usage) throw;
        return others;
    }
    return std::string(slim->name);
}

std::string allocationUnmeasured(const PlanOptions& options) {
    const bool sizes =
        options.storage == StorageChoice::Sizes && method::methodNamed(options.method).cutsHeads;
    return std::string(sizes ? waterFillingName : allocators().front().name);
}

std::int64_t headDimensions(const CompressionPlan& plan) {
    for (const auto& [name, sizes] : plan.sizes)
        if (sizes.units == 0) return sizes.scores.front();
    return 0;
}

std::string plainSizesText(const CompressionPlan& plan) {
    std::string text;
    if (const std::int64_t heads = headDimensions(plan); heads > 0)
        text = fmt::format("d_kv {}", heads);
    for (const auto& [name, sizes] : plan.sizes)
        if (sizes.units > 0)
            return fmt::format("{}{}d_ff {}", text, text.empty() ? "" : ", ", sizes.units);
    return text;
}

std::string allocationText(const CompressionPlan& plan) {
    const bool plain = isSlim(plan) && plan.entries.front().cut == Cut::Plain;
    return plain && !plan.allocation.empty() ? plainSizesText(plan) : plan.allocation;
}

bool isSlim(const CompressionPlan& plan) { return !plan.sizes.empty(); }

bool needsSlimErrors(const PlanOptions& options) {
    switch (options.target.kind) {
        case Kind::Energy:
        case Kind::Error:
            return true;
        case Kind::Budget:
            return options.storage == StorageChoice::Sizes && options.allocation != "uniform";
        case Kind::Rank:
        case Kind::Ratio:
            break;
    }
    return false;
}

void requirePossibleSlim(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
                         const PlanOptions& options) {
    requireSlimOptions(options);
    const Sizing sizing(checkpoint, chosen, options);
    if (options.target.kind == Kind::Budget)
        allowedByBudget(checkpoint, chosen, options, sizing.least());
}

PlanEntry slimEntry(const WeightMatrix& matrix, const t5::SublayerSizes& sizes, Cut cut) {
    PlanEntry entry;
    entry.matrix = matrix;
    entry.method = "slim";
    entry.cut = cut;
    entry.rank = t5::innerWidth(matrix.role, sizes);
    const bool out = matrix.role == Role::O || matrix.role == Role::Wo;
    entry.parametersDense = matrix.rows * matrix.columns;
    entry.parametersStored = entry.rank * (out ? matrix.rows : matrix.columns);
    return entry;
}

CompressionPlan makeSlimPlan(const Checkpoint& checkpoint, std::span<const WeightMatrix> chosen,
                             const PlanOptions& options) {
    requirePossibleSlim(checkpoint, chosen, options);
    if (needsSlimErrors(options) && !options.slimErrors)
        throw Error("The errors of slim by size are not known; measure them before planning.");
    Sizing sizing(checkpoint, chosen, options);
    sizing.decide();
    return sizing.plan();
}

t5::T5Config plannedConfig(const Checkpoint& checkpoint, const CompressionPlan& plan) {
    t5::T5Config config = checkpoint.config();
    if (!isSlim(plan)) return config;
    const bool plain = plan.entries.front().cut == Cut::Plain;
    for (const auto& [name, sizes] : plan.sizes)
        if (!plain)
            config.sizes[name] = sizes;
        else if (sizes.units > 0)
            config.dFf = sizes.units;
        else
            config.dKv = sizes.scores.front();
    return config;
}

}  // namespace rankscope::plan
