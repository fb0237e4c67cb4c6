// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/summarization_flags.h"
#include "core/evaluate/evaluation_subject.h"
#include "core/model/batches.h"
#include "core/model/summarization_options.h"
#include "core/model/summarizer.h"

namespace rankscope::cli {

namespace {

struct GenerateOptions {
    std::string checkpoint, text;
    CLI::Option* textGiven = nullptr;
    DatasetFlags data;
    SummarizationFlags summarization;
    std::int64_t batchSize = 0;
};

const Option batchSizeOption = {"batch-size",
                                "Batch size",
                                "Texts computed at once at most; 0 lets the token budget decide",
                                "0",
                                0,
                                1e6,
                                "texts",
                                {}};

text::Dataset textsOf(const GenerateOptions& options, const Context& context) {
    const bool text = options.textGiven->count() > 0;
    if (text == options.data.given())
        throw usageError(text ? "Give --text or --data, not both."
                              : "Give the text to summarise with --text, or a file with --data.");
    if (options.data.given()) return options.data.read({}, false, context.progress);
    if (options.text.find_first_not_of(" \t\r\n") == std::string::npos)
        throw usageError("--text is empty; there is nothing to summarise.");
    text::Dataset data;
    data.examples.push_back({.id = "0", .source = options.text, .references = {}});
    return data;
}

std::vector<std::vector<std::size_t>> batchesOf(const std::vector<backend::TokenIds>& sources,
                                                const model::SummarizationOptions& how,
                                                std::int64_t batchSize) {
    std::vector<std::int64_t> lengths;
    for (const backend::TokenIds& source : sources)
        lengths.push_back(static_cast<std::int64_t>(source.size()));
    const std::int64_t coming = how.generation.beams * how.generation.maxNewTokens;
    std::int64_t atLeast = coming;
    if (batchSize > 0) atLeast = std::max(coming, (how.tokenBudget + batchSize - 1) / batchSize);
    return model::batchesByLength(lengths, how.tokenBudget, atLeast);
}

struct Summaries {
    std::vector<backend::GeneratedSequence> sequences;
    std::vector<std::string> texts;
};

Summaries summarize(model::Summarizer& summarizer, const text::Dataset& data,
                    std::int64_t batchSize, const Progress& progress) {
    std::vector<backend::TokenIds> sources;
    for (const text::Example& example : data.examples) {
        auto source = summarizer.encodeSource(example.source);
        if (source.fullLength > static_cast<std::int64_t>(source.ids.size()))
            progress.warn(fmt::format("The text {} has {} tokens and was cut at {}.",
                                      printable(example.id, 60), source.fullLength,
                                      source.ids.size()));
        sources.push_back(std::move(source.ids));
    }
    Summaries summaries;
    summaries.sequences.resize(sources.size());
    std::size_t done = 0;
    const auto count = static_cast<double>(sources.size());
    for (const auto& batch : batchesOf(sources, summarizer.options(), batchSize)) {
        std::vector<backend::TokenIds> rows;
        for (const std::size_t position : batch) rows.push_back(sources[position]);
        const PartProgress part(progress, static_cast<double>(done) / count,
                                static_cast<double>(done + batch.size()) / count);
        auto sequences = summarizer.generate(rows, part);
        for (std::size_t i = 0; i < batch.size(); ++i)
            summaries.sequences[batch[i]] = std::move(sequences[i]);
        done += batch.size();
        progress.report(static_cast<double>(done) / count,
                        fmt::format("{} of {} texts", done, sources.size()));
    }
    for (const auto& sequence : summaries.sequences)
        summaries.texts.push_back(summarizer.textOf(sequence.ids));
    return summaries;
}

void run(const GenerateOptions& options, Context& context) {
    const model::SummarizationOptions how = options.summarization.options();
    const text::Dataset data = textsOf(options, context);
    const evaluate::OpenedSubject opened = evaluate::openSubject(
        {options.checkpoint}, nullptr, how, loadCompute(context), context.progress);
    const Summaries summaries =
        summarize(*opened.summarizer, data, options.batchSize, context.progress);
    Json outputs = Json::array();
    for (std::size_t i = 0; i < data.examples.size(); ++i)
        outputs.push_back({{"id", data.examples[i].id},
                           {"text", summaries.texts[i]},
                           {"ids", summaries.sequences[i].ids},
                           {"score", summaries.sequences[i].score}});
    context.output.result({{"outputs", std::move(outputs)}, {"settings", toJson(how)}}, [&] {
        std::string text;
        for (std::size_t i = 0; i < data.examples.size(); ++i)
            text += data.examples.size() == 1
                        ? printable(summaries.texts[i], 100000) + '\n'
                        : fmt::format("{}\t{}\n", printable(data.examples[i].id),
                                      printable(summaries.texts[i], 100000));
        return text;
    });
}

}  // namespace

Run declareGenerate(CLI::App& app) {
    auto options = std::make_shared<GenerateOptions>();
    addCheckpoint(app, options->checkpoint);
    options->textGiven =
        app.add_option("--text", options->text, "The text to summarise")->group("Data");
    options->data.addTo(app);
    options->summarization.addTo(app);
    addOption(app, batchSizeOption, options->batchSize);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
