// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluation_subject.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/compress/planned_factors.h"
#include "core/compress/planned_weights.h"
#include "core/model/checkpoint_weights.h"
#include "core/model/summarization_options.h"
#include "core/model/summarizer.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"

namespace rankscope::evaluate {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;
using checkpoint::Storage;

namespace {

constexpr const char* tokenizerFiles[] = {"tokenizer.json", "spiece.model"};

/// The file of the folder that a tokenizer is read from, empty if there is none.
std::string tokenizerFile(const fs::path& folder) {
    std::error_code ignored;
    for (const char* name : tokenizerFiles)
        if (fs::exists(folder / name, ignored)) return name;
    return {};
}

/// Rows of the embedding, the tensors' word.
std::int64_t vocabularyOf(const Checkpoint& checkpoint) {
    const checkpoint::WeightMatrix* shared = checkpoint.findMatrix("shared.weight");
    return shared == nullptr ? checkpoint.config().vocabSize : shared->rows;
}

/// How much the weight files would grow if `plan` were saved, index tensors counted.
std::int64_t bytesAdded(const plan::CompressionPlan& plan) {
    std::int64_t bytes = 0;
    for (const plan::PlanEntry& entry : plan.entries) {
        if (entry.kept) continue;
        const checkpoint::WeightMatrix& matrix = entry.matrix;
        if (entry.cut != plan::Cut::None) {
            bytes -=
                bitsPerElement(matrix.dtype) / 8 * (entry.parametersDense - entry.parametersStored);
            continue;
        }
        const auto size = [&](std::int64_t rank, Storage storage) {
            const std::int64_t index =
                storage == Storage::Pivoted
                    ? matrix.rows * static_cast<std::int64_t>(sizeof(std::int64_t))
                    : 0;
            return index +
                   bitsPerElement(matrix.dtype) / 8 *
                       checkpoint::storedParameters(matrix.rows, matrix.columns, rank, storage);
        };
        bytes += size(entry.rank, entry.storage) - size(matrix.rank, matrix.storage);
    }
    return bytes;
}

}  // namespace

text::Tokenizer openTokenizer(const Checkpoint& checkpoint, const Checkpoint* donor) {
    const fs::path& folder = checkpoint.folder();
    if (!tokenizerFile(folder).empty()) return text::Tokenizer::open(folder);
    std::string advice = "Copy them there from the checkpoint it was made from.";
    if (donor != nullptr && vocabularyOf(*donor) == vocabularyOf(checkpoint)) {
        const std::string file = tokenizerFile(donor->folder());
        if (!file.empty())
            advice = fmt::format("Where it was made from {}, copy {} there.",
                                 printable(donor->label(), 300),
                                 printable((donor->folder() / file).string(), 1000));
    }
    throw Error(fmt::format("{} has no tokenizer (neither tokenizer.json nor spiece.model). {}",
                            printable(folder.string(), 1000), advice),
                folder.string());
}

OpenedSubject openSubject(const EvaluationSubject& subject, const Checkpoint* donor,
                          const model::SummarizationOptions& options,
                          const backend::Compute& compute, const Progress& progress) {
    OpenedSubject opened;
    opened.label = subject.label.empty() ? subject.checkpoint : subject.label;
    opened.checkpoint = checkpoint::openCheckpoint(subject.checkpoint);
    const Checkpoint& checkpoint = opened.checkpoint;
    for (const std::string& warning : checkpoint.warnings()) progress.warn(warning);
    text::Tokenizer tokenizer = openTokenizer(checkpoint, donor);
    opened.parameters = checkpoint.parameterCount();
    opened.bytes = checkpoint.byteCount();
    std::unique_ptr<backend::Seq2Seq> model;
    const backend::Seq2SeqOptions how{compute.device, options.compute};
    if (subject.plan) {
        opened.parameters = subject.plan->parameters.stored;
        opened.bytes += static_cast<std::uint64_t>(bytesAdded(*subject.plan));
        const compress::PlannedModel planned{checkpoint, *subject.plan, subject.calibration.get(),
                                             compute};
        const auto factors = compress::factorsOf(planned, progress);
        const compress::PlannedWeights weights(planned, factors, compress::PlannedForm::AsStored);
        model = compute.backend.openSeq2Seq(plan::plannedConfig(checkpoint, *subject.plan), weights,
                                            how, progress);
    } else {
        model = compute.backend.openSeq2Seq(checkpoint.config(),
                                            model::CheckpointWeights(checkpoint), how, progress);
    }
    opened.summarizer =
        std::make_unique<model::Summarizer>(std::move(model), std::move(tokenizer), options);
    return opened;
}

}  // namespace rankscope::evaluate
