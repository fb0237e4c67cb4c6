// SPDX-License-Identifier: Apache-2.0
#include "core/report/report_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/checkpoint/selection.h"
#include "core/evaluate/evaluate.h"
#include "core/evaluate/evaluation.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/report/evaluation_table.h"

namespace rankscope::report {

using evaluate::Evaluation;
using evaluate::EvaluationRun;

namespace {

// Below it a third run costs seconds.
constexpr std::int64_t smallModel = 20'000'000;
constexpr const char* targets = "q,k,v,o";

evaluate::EvaluationSubject planned(const checkpoint::Checkpoint& checkpoint, std::int64_t rank,
                                    plan::StorageChoice storage, std::string_view name) {
    const auto matrices = checkpoint::selectMatrices(checkpoint.matrices(), {targets, {}});
    for (const checkpoint::WeightMatrix& matrix : matrices)
        rank = std::min(rank, matrix.fullRank());
    plan::PlanOptions options;
    options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(rank)};
    options.storage = storage;
    return {checkpoint.label(), plan::makePlan(checkpoint, matrices, {}, options),
            fmt::format("{} at rank {}, {}", targets, rank, name)};
}

/// Our figure for a metric as the post names it: 0 is the loss, then the ROUGE types.
std::string measured(const EvaluationRun& run, std::size_t metric) {
    if (metric == 0)
        return run.loss ? fmt::format("{:.4f} or {:.4f}", run.loss->trainerWeighted,
                                      run.loss->trainerBatchMean)
                        : "-";
    return run.hasRouge ? fmt::format("{:.2f}", run.rouge[metric - 1]) : "-";
}

}  // namespace

std::optional<Evaluation> evaluateForReport(const checkpoint::Checkpoint& checkpoint,
                                            const ReportOptions& options, std::int64_t rank,
                                            const Progress& progress) {
    if (!options.data) return std::nullopt;
    std::vector<evaluate::EvaluationSubject> subjects = {
        {checkpoint.label(), std::nullopt, {}},
        planned(checkpoint, rank, plan::StorageChoice::Factored, "two factors")};
    if (checkpoint.denseParameterCount() <= smallModel)
        subjects.push_back(planned(checkpoint, rank, plan::StorageChoice::Pivoted, "pivoted"));
    evaluate::EvaluationOptions how;
    how.device = options.device;
    how.seed = options.seed;
    return evaluate::evaluate(subjects, *options.data, how,
                              backend::loadBackend({.threads = options.threads}), progress);
}

Table evaluationStory(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    Table table{"Evaluation", {"metric"}, {}};
    for (std::size_t r = 0; r < evaluation.runs.size(); ++r) {
        table.header.push_back(printable(evaluation.runs[r].checkpoint));
        if (r > 0) table.header.emplace_back("difference");
    }
    for (const std::size_t c : filledColumns(cells)) {
        std::vector<std::string> row = {titleOf(evaluationColumns()[c])};
        for (std::size_t r = 0; r < cells.size(); ++r) {
            row.push_back(cells[r][c].text);
            if (r > 0) row.push_back(cells[r][c].differenceText);
        }
        table.rows.push_back(std::move(row));
    }
    return table;
}

void addEvaluation(Document& document, const std::optional<Evaluation>& evaluation) {
    document.addHeading("What compression costs in summaries");
    if (!evaluation) {
        document.blocks.emplace_back(
            Paragraph{"Not evaluated: no dialogues were given. `report --data FILE` takes SAMSum "
                      "or another data set of texts and summaries (JSON, JSON lines, CSV, 7z, "
                      "Arrow), `--limit N` its first examples."});
        return;
    }
    const Json& settings = evaluation->settings;
    const EvaluationRun& baseline = evaluation->runs.front();
    document.blocks.emplace_back(Paragraph{fmt::format(
        "{} examples of {}, {} of them cut at {} tokens, {} rows left out; greedy, {} new tokens "
        "at most. Loss is the mean over all tokens. The Trainer's eval_loss, in batches of {} in "
        "file order, weights batch means by their size up to transformers 4.35 and not from 4.36 "
        "on. ROUGE is F times 100, stemmed; sentences for Lsum by {}. Differences are to the first "
        "model, with 95 % intervals of a bootstrap paired over examples.",
        groupedNumber(baseline.samples),
        printable(settings.at("data").at("file").get<std::string>(), 300),
        baseline.truncatedSources,
        settings.at("summarization").at("max_source_length").get<std::int64_t>(),
        settings.at("data").at("bad_rows").size(),
        settings.at("summarization").at("max_new_tokens").get<std::int64_t>(),
        settings.at("batch_size").get<std::int64_t>(),
        settings.at("sentences").get<std::string>())});
    document.blocks.emplace_back(evaluationStory(*evaluation));
    for (const std::string& warning : evaluation->warnings)
        document.blocks.emplace_back(Paragraph{"Note: " + printable(warning, 500)});
}

void addPublishedMetrics(Document& document, const std::optional<Evaluation>& evaluation) {
    Table table{"Evaluation on SAMSum as published, and here",
                {"metric", "published, original", "published, compressed"},
                {}};
    if (evaluation) {
        table.header.emplace_back("here, original");
        table.header.emplace_back("here, compressed");
    }
    for (std::size_t m = 0; m < publishedMetrics().size(); ++m) {
        const PublishedMetric& metric = publishedMetrics()[m];
        table.rows.push_back({metric.name, metric.first, metric.second});
        if (!evaluation) continue;
        table.rows.back().push_back(measured(evaluation->runs[0], m));
        table.rows.back().push_back(measured(evaluation->runs[1], m));
    }
    document.blocks.emplace_back(std::move(table));
    document.blocks.emplace_back(Paragraph{
        std::string("The post's two figures of each metric are printed as they stand there, "
                    "ROUGE-L's included. ") +
        (evaluation ? "The loss here is eval_loss by the rule up to transformers 4.35 and by that "
                      "from 4.36 on; the post does not say which it used."
                    : "For figures of this model beside them, give SAMSum's test set with "
                      "`report --data FILE`.")});
}

}  // namespace rankscope::report
