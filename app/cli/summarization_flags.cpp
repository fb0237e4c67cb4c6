// SPDX-License-Identifier: Apache-2.0
#include "app/cli/summarization_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/own_path.h"
#include "core/evaluate/evaluate.h"
#include "core/model/summarization_options.h"
#include "core/text/dataset/read_dataset.h"

namespace rankscope::cli {

namespace {

constexpr const char* summaryGroup = "How summaries are made";
constexpr const char* dataGroup = "Data";
constexpr std::size_t namedRows = 5;

}  // namespace

CLI::Option* SummarizationFlags::add(CLI::App& app, const char* name, std::int64_t& value) {
    return addOption(app, findOption(model::summarizationOptionTable(), name), value)
        ->group(summaryGroup);
}

void SummarizationFlags::addTo(CLI::App& app) {
    const auto table = model::summarizationOptionTable();
    const auto other = [&](const char* name, auto& value) {
        addOption(app, findOption(table, name), value)->group(summaryGroup);
    };
    other("preset", m_preset);
    m_beams = add(app, "beams", m_given.generation.beams);
    m_least = add(app, "min-new-tokens", m_given.generation.minNewTokens);
    m_most = add(app, "max-new-tokens", m_given.generation.maxNewTokens);
    other("length-penalty", m_lengthPenalty);
    other("early-stopping", m_earlyStopping);
    m_ngram = add(app, "no-repeat-ngram", m_given.generation.noRepeatNgram);
    other("prefix", m_given.prefix);
    add(app, "max-source-length", m_given.maxSourceLength);
    add(app, "token-budget", m_given.tokenBudget);
    other("compute", m_compute);
}

model::SummarizationOptions SummarizationFlags::options() const {
    model::SummarizationOptions options = m_given;
    options.compute = model::computeTypeNamed(m_compute);
    backend::GenerationOptions& generation = options.generation;
    generation = model::presetNamed(m_preset).generation;
    if (m_beams->count() > 0) generation.beams = m_given.generation.beams;
    if (m_least->count() > 0) generation.minNewTokens = m_given.generation.minNewTokens;
    if (m_most->count() > 0) generation.maxNewTokens = m_given.generation.maxNewTokens;
    if (m_ngram->count() > 0) generation.noRepeatNgram = m_given.generation.noRepeatNgram;
    if (m_lengthPenalty) generation.lengthPenalty = *m_lengthPenalty;
    if (!m_earlyStopping.empty())
        generation.earlyStopping = model::earlyStoppingNamed(m_earlyStopping);
    if (generation.minNewTokens > generation.maxNewTokens)
        throw usageError(fmt::format("--min-new-tokens {} is more than --max-new-tokens {}.",
                                     generation.minNewTokens, generation.maxNewTokens));
    return options;
}

CLI::Option* addMetrics(CLI::App& app, std::string_view help, std::string& value) {
    Option metrics = findOption(evaluate::evaluationOptionTable(), "metrics");
    metrics.help = help;
    const std::vector<std::string_view> choices = std::exchange(metrics.choices, {});
    std::vector<std::string_view> words;
    std::ranges::copy_if(choices, std::back_inserter(words), [](std::string_view choice) {
        return choice.find(',') == std::string_view::npos;
    });
    CLI::Option* added = addOption(app, metrics, value);
    offerWords(*added, words, true);
    return added;
}

void DatasetFlags::addTo(CLI::App& app) {
    app.add_option("--data", m_file, "Dialogues and summaries: JSON, JSON lines, CSV, 7z, Arrow")
        ->type_name("FILE")
        ->group(dataGroup);
    const auto table = text::datasetOptionTable();
    addOption(app, findOption(table, "source-field"), m_options.sourceField)->group(dataGroup);
    addOption(app, findOption(table, "target-field"), m_options.targetField)->group(dataGroup);
    addOption(app, findOption(table, "split"), m_options.split)->group(dataGroup);
    addOption(app, findOption(table, "limit"), m_options.limit)->group(dataGroup);
}

text::Dataset DatasetFlags::read(const std::filesystem::path& otherwise, bool needReferences,
                                 const Progress& progress) const {
    text::DatasetOptions options = m_options;
    options.needReferences = needReferences;
    text::Dataset data = text::readDataset(
        given() ? std::filesystem::path(m_file) : requireInstalled(otherwise), options);
    for (std::size_t i = 0; i < std::min(namedRows, data.badRows.size()); ++i)
        progress.warn(
            fmt::format("Line {} is left out: {}", data.badRows[i].line, data.badRows[i].reason));
    if (data.badRows.size() > namedRows)
        progress.warn(fmt::format("{} rows are left out altogether; --json lists them all.",
                                  data.badRows.size()));
    return data;
}

}  // namespace rankscope::cli
