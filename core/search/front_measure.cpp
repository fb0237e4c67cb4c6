// SPDX-License-Identifier: Apache-2.0
#include "core/search/front_measure.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"
#include "core/evaluate/evaluation.h"
#include "core/evaluate/evaluation_subject.h"
#include "core/evaluate/measure_run.h"
#include "core/method/calibration.h"
#include "core/model/checkpoint_weights.h"
#include "core/model/summarizer.h"
#include "core/search/mean_loss.h"
#include "core/text/rouge/rouge.h"

namespace rankscope::search {

namespace {

void requireSomething(const method::Calibration* calibration, const ParetoData* data) {
    if (data != nullptr) {
        evaluate::requireReferences(data->dialogues);
        return;
    }
    if (calibration == nullptr)
        throw usageError(
            "There is nothing to measure on: give dialogues with --data, or with --calibration a "
            "file that `calibrate` wrote with held-out ones.");
    if (calibration->record().heldOut.empty())
        throw usageError(fmt::format("{} has no held-out dialogues to measure on; run `calibrate` "
                                     "with --held-out 1 or more.",
                                     printable(calibration->name(), 1000)),
                         calibration->name());
}

}  // namespace

FrontMeasure::FrontMeasure(const checkpoint::Checkpoint& checkpoint,
                           std::shared_ptr<const method::Calibration> calibration,
                           std::shared_ptr<const ParetoData> data, const backend::Compute& compute)
    : m_checkpoint(checkpoint),
      m_calibration(std::move(calibration)),
      m_data(std::move(data)),
      m_compute(compute) {
    requireSomething(m_calibration.get(), m_data.get());
    if (!m_data || !m_data->rouge) return;
    m_splitter = text::SentenceSplitter::find();
    m_references = evaluate::referencesOnLines(m_data->dialogues, *m_splitter);
}

std::string FrontMeasure::data() const { return m_data ? m_data->dialogues.file.string() : ""; }

std::int64_t FrontMeasure::dialogues() const {
    return static_cast<std::int64_t>(m_data ? m_data->dialogues.examples.size()
                                            : m_calibration->record().heldOut.size());
}

FrontMeasure::Result FrontMeasure::measure(const t5::T5Config& config,
                                           const backend::WeightSource& weights, const Json& plan,
                                           const std::string& label, const Progress& progress) {
    backend::Seq2SeqOptions options;
    options.device = m_compute.device;
    if (m_data) options.compute = m_data->summarization.compute;
    const SilentProgress silent(progress);
    auto model = m_compute.backend.openSeq2Seq(config, weights, options, silent);
    if (m_data) return measureData(std::move(model), plan, label, progress);
    return {meanLoss(*model, m_calibration->record().heldOut, silent), {}};
}

FrontMeasure::Result FrontMeasure::measureData(std::unique_ptr<backend::Seq2Seq> model,
                                               const Json& plan, const std::string& label,
                                               const Progress& progress) {
    evaluate::OpenedSubject subject;
    subject.summarizer = std::make_unique<model::Summarizer>(
        std::move(model), evaluate::openTokenizer(m_checkpoint, nullptr), m_data->summarization);
    if (m_encoded.sources.empty())
        m_encoded = evaluate::encodeData(*subject.summarizer, m_data->dialogues, true);
    evaluate::EvaluationRun run;
    run.checkpoint = label;
    run.results.resize(m_encoded.sources.size());
    const evaluate::RunMeasurement measurement(
        subject, m_encoded, evaluate::journalIdentity(m_checkpoint, plan, "two factors", m_compute),
        m_data->useJournal);
    const double middle = m_data->rouge ? 0.3 : 1;
    measurement.losses(run, PartProgress(progress, 0, middle));
    double sum = 0;
    std::int64_t tokens = 0;
    for (const evaluate::SampleResult& result : run.results) {
        sum += result.lossSum;
        tokens += result.lossTokens;
    }
    Result result{sum / static_cast<double>(tokens), {}};
    if (!m_data->rouge) return result;
    measurement.summaries(run, PartProgress(progress, middle, 1));
    result.rouge = rougeOf(run);
    return result;
}

RougeMeans FrontMeasure::rougeOf(const evaluate::EvaluationRun& run) const {
    RougeMeans means{};
    const auto count = static_cast<double>(run.results.size());
    for (std::size_t i = 0; i < run.results.size(); ++i) {
        const text::RougeScores scores =
            text::rouge(m_references[i], m_splitter->onLines(run.results[i].output), {});
        for (std::size_t t = 0; t < means.size(); ++t) means[t] += 100 * scores[t].f / count;
    }
    return means;
}

}  // namespace rankscope::search
