// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/evaluate/evaluation_subject.h"
#include "core/method/calibration.h"
#include "core/model/batches.h"
#include "core/model/summarizer.h"

namespace rankscope::evaluate {

using backend::TokenIds;
using method::CalibrationExample;

namespace {

/// The first `count` of a seeded shuffle of 0 … size - 1 (Fisher and Yates).
std::vector<std::size_t> drawn(std::size_t size, std::size_t count, std::uint64_t seed) {
    std::vector<std::size_t> order(size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    RandomNumbers numbers(seed);
    for (std::size_t i = 0; i < count; ++i) {
        const auto left = static_cast<double>(size - i);
        std::swap(order[i], order[i + static_cast<std::size_t>(numbers.uniform() * left)]);
    }
    order.resize(count);
    return order;
}

void requireEnough(const text::Dataset& data, std::int64_t samples, std::int64_t heldOut) {
    if (samples < 1 || heldOut < 0)
        throw usageError("--samples must be 1 or more and --held-out 0 or more.");
    const auto have = static_cast<std::int64_t>(data.examples.size());
    if (samples + heldOut > have)
        throw usageError(fmt::format("{} has {} usable dialogues, but --samples {} and {} held-out "
                                     "ones need {}. Give fewer, or more data.",
                                     printable(data.file.string(), 1000), have, samples, heldOut,
                                     samples + heldOut),
                         data.file.string());
}

std::vector<CalibrationExample> encoded(const model::Summarizer& summarizer,
                                        const text::Dataset& data,
                                        std::span<const std::size_t> positions) {
    std::vector<CalibrationExample> examples;
    for (const std::size_t position : positions) {
        const text::Example& example = data.examples[position];
        examples.push_back({example.id, summarizer.encodeSource(example.source).ids,
                            summarizer.encodeTarget(example.references.front())});
    }
    return examples;
}

/// Passes all examples through the collector, in batches by length.
void collect(backend::MomentCollector& collector, std::span<const CalibrationExample> examples,
             std::int64_t tokenBudget, const Progress& progress) {
    std::vector<std::int64_t> lengths;
    for (const CalibrationExample& example : examples)
        lengths.push_back(static_cast<std::int64_t>(example.source.size() + example.target.size()));
    std::size_t done = 0;
    for (const auto& batch : model::batchesByLength(lengths, tokenBudget)) {
        throwIfStopped(progress);
        std::vector<TokenIds> sources;
        std::vector<TokenIds> targets;
        for (const std::size_t position : batch) {
            sources.push_back(examples[position].source);
            targets.push_back(examples[position].target);
        }
        collector.add(sources, targets, progress);
        done += batch.size();
        progress.report(static_cast<double>(done) / static_cast<double>(examples.size()),
                        fmt::format("calibrating on {} of {} dialogues", done, examples.size()));
    }
}

/// Inputs that fewer tokens than their width were seen of: their moments are singular.
std::vector<std::string> singularInputs(
    const std::map<std::string, backend::InputMoments>& inputs) {
    std::vector<std::string> warnings;
    std::size_t singular = 0;
    std::string first;
    for (const auto& [name, moments] : inputs)
        if (moments.tokens < moments.second.rows && singular++ == 0)
            first = fmt::format("{} saw {} tokens and is {} wide", name, moments.tokens,
                                moments.second.rows);
    if (singular > 0)
        warnings.push_back(
            fmt::format("{} of {} layer inputs saw fewer tokens than they are wide "
                        "({}): what no token reached is unknown to the methods. Give "
                        "more --samples.",
                        singular, inputs.size(), first));
    return warnings;
}

std::int64_t tokensOf(std::span<const CalibrationExample> examples) {
    std::int64_t tokens = 0;
    for (const CalibrationExample& example : examples)
        tokens += static_cast<std::int64_t>(example.source.size() + example.target.size());
    return tokens;
}

}  // namespace

std::span<const Option> calibrationOptionTable() {
    static const std::vector<Option> table{
        {"samples", "Dialogues", "How many dialogues the moments are of.", "128", 1, 1e7, "", {}},
        {"held-out",
         "Held-out dialogues",
         "Further dialogues that no factor sees, for choosing methods and ranks; -1 is half "
         "of "
         "the samples.",
         "-1",
         -1,
         1e7,
         "",
         {}},
        {"fisher",
         "Gradients",
         "Also second moments of gradients, which the methods fisher and fisher2 need.",
         "",
         {},
         {},
         "",
         {}},
        {"arithmetic",
         "Sums in",
         "How products of inputs are summed: fixed-point is exact for inputs rounded to 22 bits or "
         "more below the largest of their feature, and faster if the processor has AMX; auto "
         "takes it there and float64 elsewhere.",
         "auto",
         {},
         {},
         "",
         {"auto", "float64", "fixed-point"}},
    };
    return table;
}

CalibrationResult calibrate(const checkpoint::Checkpoint& checkpoint, const text::Dataset& data,
                            const CalibrationOptions& options, const backend::Backend& backend,
                            const Progress& progress) {
    const std::int64_t heldOut = options.heldOut >= 0 ? options.heldOut : (options.samples + 1) / 2;
    requireEnough(data, options.samples, heldOut);
    OpenedSubject subject = openSubject({checkpoint.label()}, nullptr, options.summarization,
                                        {backend, backend.chooseDevice(options.device)}, progress);
    const auto order = drawn(data.examples.size(),
                             static_cast<std::size_t>(options.samples + heldOut), options.seed);
    const std::span<const std::size_t> all(order);
    CalibrationResult result;
    method::CalibrationRecord& record = result.record;
    record.checkpoint = checkpoint.label();
    record.fingerprint = checkpoint.fingerprint();
    record.contentHash = checkpoint.contentHash(progress);
    record.data = data.file.string();
    record.dataHash = data.hash;
    record.prefix = options.summarization.prefix;
    record.seed = options.seed;
    record.gradients = options.gradients;
    const auto samples = static_cast<std::size_t>(options.samples);
    record.examples = encoded(*subject.summarizer, data, all.first(samples));
    record.heldOut = encoded(*subject.summarizer, data, all.subspan(samples));
    const std::int64_t budget = options.summarization.tokenBudget;
    const auto arithmetic = backend::momentArithmeticNamed(options.arithmetic);
    const auto start = std::chrono::steady_clock::now();
    {
        const auto collector = subject.summarizer->collectMoments({options.gradients, arithmetic});
        record.arithmetic = toString(collector->arithmetic());
        collect(*collector, record.examples, budget, PartProgress(progress, 0.05, 0.8));
        result.inputs = collector->inputs();
        result.gradients = collector->gradients();
    }
    if (!record.heldOut.empty()) {
        const auto collector = subject.summarizer->collectMoments({false, arithmetic});
        collect(*collector, record.heldOut, budget, PartProgress(progress, 0.8, 1));
        result.heldOut = collector->inputs();
    }
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.tokens = tokensOf(record.examples) + tokensOf(record.heldOut);
    record.warnings = singularInputs(result.inputs);
    for (const std::string& warning : record.warnings) progress.warn(warning);
    return result;
}

}  // namespace rankscope::evaluate
