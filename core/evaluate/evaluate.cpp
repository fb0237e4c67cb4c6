// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/evaluate/bootstrap.h"
#include "core/evaluate/comparison.h"
#include "core/evaluate/evaluation.h"
#include "core/evaluate/evaluation_subject.h"
#include "core/evaluate/loss_rules.h"
#include "core/evaluate/measure_run.h"
#include "core/model/summarization_options.h"
#include "core/plan/plan_json.h"
#include "core/text/sentences/sentences.h"

namespace rankscope::evaluate {

namespace {

Json badRowsJson(const text::Dataset& data) {
    Json rows = Json::array();
    for (const text::BadRow& row : data.badRows)
        rows.push_back({{"line", row.line}, {"reason", row.reason}});
    return rows;
}

Json settingsOf(const text::Dataset& data, const EvaluationOptions& options,
                const text::SentenceSplitter& splitter, const backend::Backend& backend) {
    Json metrics = Json::array();
    if (options.loss) metrics.push_back("loss");
    if (options.rouge) metrics.push_back("rouge");
    const backend::BackendInfo info = backend.info();
    return {{"data",
             {{"file", data.file.string()},
              {"format", data.format},
              {"sha256", data.hash},
              {"source_field", data.sourceField},
              {"target_field", data.targetField},
              {"examples", data.examples.size()},
              {"duplicate_ids", data.duplicateIds},
              {"bad_rows", badRowsJson(data)}}},
            {"metrics", std::move(metrics)},
            {"batch_size", options.batchSize},
            {"summarization", toJson(options.summarization)},
            {"stemmer", options.stemmer},
            {"sentences", splitter.name()},
            {"bootstrap",
             {{"resamples", options.bootstrap.resamples},
              {"level", options.bootstrap.level},
              {"seed", options.bootstrap.seed}}},
            {"program", RANKSCOPE_VERSION},
            {"libtorch", info.torchVersion},
            {"threads", info.threads}};
}

void warnOfBadLosses(const EvaluationRun& run, const text::Dataset& data,
                     const Progress& progress) {
    if (run.badLosses.empty()) return;
    constexpr std::size_t named = 10;
    std::string names;
    for (std::size_t i = 0; i < std::min(named, run.badLosses.size()); ++i)
        names += fmt::format(
            "{}{}", names.empty() ? "" : ", ",
            printable(data.examples[static_cast<std::size_t>(run.badLosses[i])].id, 60));
    if (run.badLosses.size() > named)
        names += fmt::format(" and {} more", run.badLosses.size() - named);
    progress.warn(
        fmt::format("{}: the loss of {} of {} examples is no finite number and is left "
                    "out: {}.",
                    printable(run.checkpoint, 300), run.badLosses.size(), run.samples, names));
}

/// The data and settings that one subject after the other is measured with.
class Evaluator {
 public:
    Evaluator(const text::Dataset& data, const EvaluationOptions& options,
              const backend::Backend& backend, const OnceWarned& progress)
        : m_data(data),
          m_options(options),
          m_backend(backend),
          m_progress(progress),
          m_device(backend.chooseDevice(options.device)),
          m_splitter(text::SentenceSplitter::find()) {
        if (options.rouge) m_references = referencesOnLines(data, m_splitter);
    }

    const text::SentenceSplitter& splitter() const { return m_splitter; }

    /// The run of one subject; the first also fills `samples`.
    EvaluationRun measure(const EvaluationSubject& subject, double from, double to,
                          std::vector<EvaluationSample>& samples) {
        m_progress.report(from,
                          fmt::format("{}: reading the weights",
                                      subject.label.empty() ? subject.checkpoint : subject.label));
        const double opened = from + (to - from) * 0.05;
        OpenedSubject open =
            openSubject(subject, m_baseline ? &*m_baseline : nullptr, m_options.summarization,
                        {m_backend, m_device}, PartProgress(m_progress, from, opened));
        const EncodedData encoded = encodeData(*open.summarizer, m_data, m_options.loss);
        EvaluationRun run = blankRun(open, encoded);
        const RunMeasurement measurement(
            open, encoded,
            journalIdentity(open.checkpoint, subject.plan ? toJson(*subject.plan) : Json(nullptr),
                            "", {m_backend, m_device}),
            m_options.useJournal);
        const double middle = !m_options.rouge  ? to
                              : !m_options.loss ? opened
                                                : opened + (to - opened) * lossShare(encoded);
        if (m_options.loss) {
            measurement.losses(run, PartProgress(m_progress, opened, middle));
            run.loss = lossByRules(run.results, m_options.batchSize, run.badLosses);
            warnOfBadLosses(run, m_data, m_progress);
        }
        if (m_options.rouge) {
            measurement.summaries(run, PartProgress(m_progress, middle, to));
            score(run);
        }
        if (!m_baseline) {
            describe(encoded, samples);
            m_baseline = std::move(open.checkpoint);
        }
        return run;
    }

 private:
    EvaluationRun blankRun(const OpenedSubject& open, const EncodedData& encoded) const {
        EvaluationRun run;
        run.checkpoint = open.label;
        run.parameters = open.parameters;
        run.bytes = open.bytes;
        run.samples = static_cast<std::int64_t>(m_data.examples.size());
        for (std::size_t i = 0; i < encoded.sources.size(); ++i)
            if (encoded.fullLengths[i] > static_cast<std::int64_t>(encoded.sources[i].size()))
                ++run.truncatedSources;
        run.device = m_device.name();
        run.compute = model::computeTypeName(m_options.summarization.compute);
        run.results.resize(m_data.examples.size());
        return run;
    }

    /// The losses' part of the time: a generated token costs about what three read ones do.
    double lossShare(const EncodedData& encoded) const {
        double sources = 0, targets = 0;
        for (const auto& row : encoded.sources) sources += static_cast<double>(row.size());
        for (const auto& row : encoded.targets) targets += static_cast<double>(row.size());
        const backend::GenerationOptions& generation = m_options.summarization.generation;
        const double generated = static_cast<double>(encoded.sources.size()) *
                                 static_cast<double>(generation.beams * generation.maxNewTokens);
        return (sources + targets) / (2 * sources + targets + 3 * generated);
    }

    void score(EvaluationRun& run) const {
        run.hasRouge = true;
        for (std::size_t i = 0; i < run.results.size(); ++i)
            run.results[i].rouge =
                text::rouge(m_references[i], m_splitter.onLines(run.results[i].output),
                            {.stemmer = m_options.stemmer});
        for (std::size_t t = 0; t < text::rougeTypes.size(); ++t) {
            std::vector<double> values;
            double sum = 0;
            for (const SampleResult& result : run.results) {
                values.push_back(100 * result.rouge[t].f);
                sum += values.back();
            }
            run.rouge[t] = sum / static_cast<double>(values.size());
            run.rougeIntervals[t] = bootstrapMean(values, m_options.bootstrap);
        }
    }

    void describe(const EncodedData& encoded, std::vector<EvaluationSample>& samples) const {
        for (std::size_t i = 0; i < m_data.examples.size(); ++i) {
            const text::Example& example = m_data.examples[i];
            const std::int64_t length = encoded.fullLengths[i];
            samples.push_back(
                {.id = example.id,
                 .source = example.source,
                 .references = example.references,
                 .sourceTokens = length,
                 .truncated = length > static_cast<std::int64_t>(encoded.sources[i].size())});
        }
    }

    const text::Dataset& m_data;
    const EvaluationOptions& m_options;
    const backend::Backend& m_backend;
    const OnceWarned& m_progress;
    backend::Device m_device;
    text::SentenceSplitter m_splitter;
    std::vector<std::vector<std::string>> m_references;  // sentences on lines
    std::optional<checkpoint::Checkpoint> m_baseline;
};

void checkRequest(std::span<const EvaluationSubject> subjects, const text::Dataset& data,
                  const EvaluationOptions& options) {
    if (subjects.empty()) throw usageError("Name at least one checkpoint to evaluate.");
    if (!options.loss && !options.rouge) throw usageError("Ask for loss, rouge, or both.");
    if (options.batchSize < 1) throw usageError("The batch size must be at least 1.");
    if (data.examples.empty())
        throw Error(
            fmt::format("{} holds no example to evaluate.", printable(data.file.string(), 1000)),
            data.file.string());
    requireReferences(data);
}

void warnOfDifferentTokens(const Evaluation& evaluation, const Progress& progress) {
    for (const Comparison& comparison : evaluation.comparison)
        if (comparison.metric == "loss" && comparison.difference != comparison.difference)
            progress.warn(
                fmt::format("{}: its loss is not comparable with the baseline's, since "
                            "its tokenizer splits the references differently.",
                            printable(comparison.checkpoint, 300)));
}

}  // namespace

std::span<const Option> evaluationOptionTable() {
    static const std::vector<Option> table{
        {"metrics",
         "Metrics",
         "Metrics to measure, a comma list of loss and rouge",
         "loss,rouge",
         {},
         {},
         "",
         {"loss,rouge", "loss", "rouge"}},
        {"batch-size",
         "Batch size",
         "Of the two Trainer rules of eval_loss; changes no other number and no speed",
         "8",
         1,
         1000000,
         "examples",
         {}},
        {"no-stemmer",
         "No stemmer",
         "ROUGE of whole words, not of Porter stems",
         "",
         {},
         {},
         "",
         {}},
        {"no-cache",
         "No cache",
         "Compute again; neither read nor write the cache",
         "",
         {},
         {},
         "",
         {}},
        {"per-sample", "Per sample", "Give each dialogue with every output", "", {}, {}, "", {}},
    };
    return table;
}

Evaluation evaluate(std::span<const EvaluationSubject> subjects, const text::Dataset& data,
                    const EvaluationOptions& options, const backend::Backend& backend,
                    const Progress& progress) {
    checkRequest(subjects, data, options);
    const OnceWarned noting(progress);
    for (const std::string& warning : data.warnings) noting.warn(warning);
    EvaluationOptions used = options;
    used.bootstrap.seed = options.seed;
    Evaluator evaluator(data, used, backend, noting);
    Evaluation evaluation;
    const auto count = static_cast<double>(subjects.size());
    for (std::size_t s = 0; s < subjects.size(); ++s)
        evaluation.runs.push_back(evaluator.measure(subjects[s], static_cast<double>(s) / count,
                                                    static_cast<double>(s + 1) / count,
                                                    evaluation.samples));
    evaluation.comparison = compareRuns(evaluation, used.bootstrap);
    warnOfDifferentTokens(evaluation, noting);
    evaluation.settings = settingsOf(data, used, evaluator.splitter(), backend);
    evaluation.warnings = noting.warnings();
    noting.report(1, "evaluated");
    return evaluation;
}

}  // namespace rankscope::evaluate
