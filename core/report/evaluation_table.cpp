// SPDX-License-Identifier: Apache-2.0
#include "core/report/evaluation_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/base/number_text.h"
#include "core/evaluate/evaluation.h"
#include "core/report/table_text.h"
#include "core/text/rouge/rouge.h"

namespace rankscope::report {

using evaluate::Comparison;
using evaluate::Evaluation;
using evaluate::EvaluationRun;

namespace {

constexpr double notMeasured = std::numeric_limits<double>::quiet_NaN();

/// The index in rougeTypes of "rouge1" …; their number if `key` is none of them.
std::size_t rougeIndex(std::string_view key) {
    std::size_t t = 0;
    while (t < text::rougeTypes.size() && text::rougeName(text::rougeTypes[t]) != key) ++t;
    return t;
}

double numberIn(const EvaluationColumn& column, const EvaluationRun& run) {
    return numberOf(column.value(run)).value_or(notMeasured);
}

std::string shown(const EvaluationColumn& column, double value) {
    if (!std::isfinite(value)) return "-";
    if (column.decimals == 0) return groupedNumber(std::llround(value));
    return fmt::format("{:.{}f}", value, column.decimals);
}

/// Sizes are compared in per cent, times and speeds as a factor, the rest by subtraction.
std::string plainDifference(const EvaluationColumn& column, double value, double baseline) {
    if (!std::isfinite(value) || !std::isfinite(baseline)) return {};
    if (column.key == "parameters" || column.key == "bytes")
        return baseline == 0 ? "" : fmt::format("{:+.1f} %", 100 * (value / baseline - 1));
    if (column.unit == "s" || column.unit == "tokens/s")
        return baseline == 0 ? "" : fmt::format("{:.2f}x", value / baseline);
    return fmt::format("{:+.{}f}", value - baseline, column.decimals);
}

const Comparison* comparisonOf(const Evaluation& evaluation, std::size_t run,
                               std::string_view metric) {
    // One run a block, in the order of the runs: two runs may have one name.
    std::size_t seen = 0;
    for (const Comparison& comparison : evaluation.comparison)
        if (comparison.metric == metric && ++seen == run) return &comparison;
    return nullptr;
}

EvaluationCell cellOf(const Evaluation& evaluation, std::size_t r, const EvaluationColumn& column) {
    const EvaluationRun& run = evaluation.runs[r];
    EvaluationCell cell;
    cell.value = numberIn(column, run);
    cell.text = shown(column, cell.value);
    if (r == 0) {
        const std::size_t rouge = rougeIndex(column.key);
        cell.hasInterval = run.hasRouge && rouge < text::rougeTypes.size();
        if (cell.hasInterval) cell.interval = run.rougeIntervals[rouge];
        return cell;
    }
    const double baseline = numberIn(column, evaluation.runs.front());
    cell.difference = cell.value - baseline;
    cell.differenceText = plainDifference(column, cell.value, baseline);
    const Comparison* comparison =
        column.compared ? comparisonOf(evaluation, r, column.key) : nullptr;
    if (comparison == nullptr || !std::isfinite(comparison->difference)) return cell;
    cell.hasInterval = true;
    cell.interval = comparison->interval;
    cell.difference = comparison->difference;
    cell.differenceText =
        fmt::format("{:+.{}f} [{:+.{}f}, {:+.{}f}]", cell.difference, column.decimals,
                    cell.interval.low, column.decimals, cell.interval.high, column.decimals);
    return cell;
}

/// A name without what would end a cell or a line.
std::string oneLine(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return line;
}

/// A row per run with its name alone.
TableData namesOf(const Evaluation& evaluation) {
    TableData table;
    table.columns.push_back({.key = "model", .title = "Model", .help = {}, .side = Side::Left});
    for (const EvaluationRun& run : evaluation.runs) {
        const std::string name = oneLine(run.checkpoint);
        table.rows.push_back({{name, name}});
    }
    return table;
}

/// Values with their differences in brackets, for people.
TableData shownTable(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    TableData table = namesOf(evaluation);
    for (const std::size_t c : filledColumns(cells)) {
        table.columns.push_back(headOf(evaluationColumns()[c]));
        for (std::size_t r = 0; r < cells.size(); ++r) {
            const EvaluationCell& cell = cells[r][c];
            table.rows[r].push_back({cell.differenceText.empty()
                                         ? cell.text
                                         : fmt::format("{} ({})", cell.text, cell.differenceText),
                                     finiteOf(cell.value)});
        }
    }
    return table;
}

/// Every number for itself, for files: after each compared column the difference and its interval.
TableData exactTable(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    TableData table = namesOf(evaluation);
    for (const std::size_t c : filledColumns(cells)) {
        const EvaluationColumn& column = evaluationColumns()[c];
        std::vector<std::string> keys = {std::string(column.key)};
        if (column.compared)
            for (const char* part : {"difference", "low", "high"})
                keys.push_back(fmt::format("{}_{}", column.key, part));
        for (const std::string& key : keys)
            table.columns.push_back({.key = key, .title = key, .help = {}});
        for (std::size_t r = 0; r < cells.size(); ++r) {
            const EvaluationCell& cell = cells[r][c];
            table.rows[r].push_back({{}, finiteOf(cell.value)});
            if (!column.compared) continue;
            const bool against = r > 0 && cell.hasInterval;
            for (const double number : {cell.difference, cell.interval.low, cell.interval.high})
                table.rows[r].push_back({{}, against ? finiteOf(number) : Value()});
        }
    }
    return table;
}

using Loss = evaluate::EvaluationLoss;

/// By one of the three rules; nothing if no losses were measured.
Value lossOf(const EvaluationRun& run, double Loss::*rule) {
    return run.loss ? Value((*run.loss).*rule) : Value();
}

/// The columns measured together with the losses.
Value ofLoss(const EvaluationRun& run, double value) { return run.loss ? Value(value) : Value(); }

/// The columns measured on generated summaries.
Value ofRouge(const EvaluationRun& run, double value) {
    return run.hasRouge ? Value(value) : Value();
}

template <std::size_t type>
EvaluationColumn rougeColumn(std::string_view help) {
    return {{text::rougeName(text::rougeTypes[type]), text::rougeTitle(text::rougeTypes[type]), "",
             help, [](const EvaluationRun& run) { return ofRouge(run, run.rouge[type]); }, 2},
            true,
            true};
}

}  // namespace

const std::vector<EvaluationColumn>& evaluationColumns() {
    static const std::vector<EvaluationColumn> columns = {
        {{"parameters", "Parameters", "", "Numbers stored, tied tensors once",
          [](const EvaluationRun& run) { return Value(run.parameters); }}},
        {{"bytes", "Bytes", "", "Size of the weight files",
          [](const EvaluationRun& run) { return Value(static_cast<double>(run.bytes)); }}},
        {{"loss", "Loss", "", "Negative log-likelihood of the references, mean over all tokens",
          [](const EvaluationRun& run) { return lossOf(run, &Loss::tokenMean); }, 4},
         false,
         true},
        {{"trainer_weighted", "eval_loss to 4.35", "",
          "The Trainer's eval_loss up to transformers 4.35: batch means weighted by batch size",
          [](const EvaluationRun& run) { return lossOf(run, &Loss::trainerWeighted); }, 4}},
        {{"trainer_batch_mean", "eval_loss from 4.36", "",
          "The Seq2SeqTrainer's eval_loss from transformers 4.36 on: plain mean of the batch means",
          [](const EvaluationRun& run) { return lossOf(run, &Loss::trainerBatchMean); }, 4}},
        rougeColumn<0>("Words in common with the reference, F times 100, mean over the examples"),
        rougeColumn<1>(
            "Pairs of words in common with the reference, F times 100, mean over the examples"),
        rougeColumn<2>("Longest common subsequence of words, F times 100, mean over the examples"),
        rougeColumn<3>("The same sentence by sentence, F times 100, mean over the examples"),
        {{"generated_length", "Length", "tokens",
          "Mean number of generated tokens, the end token among them",
          [](const EvaluationRun& run) { return ofRouge(run, run.generatedLength); }, 2},
         false,
         true},
        {{"loss_seconds", "Loss time", "s", "Seconds spent on the losses",
          [](const EvaluationRun& run) { return ofLoss(run, run.lossSeconds); }, 2}},
        {{"loss_tokens_per_second", "Loss speed", "tokens/s",
          "Source and target tokens a second, padding not counted",
          [](const EvaluationRun& run) { return ofLoss(run, run.lossTokensPerSecond); }},
         true},
        {{"generate_seconds", "Generation time", "s", "Seconds spent on generation",
          [](const EvaluationRun& run) { return ofRouge(run, run.generateSeconds); }, 2}},
        {{"generate_tokens_per_second", "Generation speed", "tokens/s", "Generated tokens a second",
          [](const EvaluationRun& run) { return ofRouge(run, run.generateTokensPerSecond); }},
         true},
    };
    return columns;
}

std::vector<std::vector<EvaluationCell>> evaluationCells(const Evaluation& evaluation) {
    std::vector<std::vector<EvaluationCell>> cells(evaluation.runs.size());
    for (std::size_t r = 0; r < evaluation.runs.size(); ++r)
        for (const EvaluationColumn& column : evaluationColumns())
            cells[r].push_back(cellOf(evaluation, r, column));
    return cells;
}

std::vector<std::size_t> filledColumns(const std::vector<std::vector<EvaluationCell>>& cells) {
    std::vector<std::size_t> filled;
    for (std::size_t c = 0; c < evaluationColumns().size(); ++c)
        if (std::ranges::any_of(cells,
                                [c](const auto& row) { return std::isfinite(row[c].value); }))
            filled.push_back(c);
    return filled;
}

std::string evaluationTsv(const Evaluation& evaluation) { return toTsv(exactTable(evaluation)); }

std::string evaluationCsv(const Evaluation& evaluation) { return toCsv(exactTable(evaluation)); }

std::string evaluationMarkdown(const Evaluation& evaluation) {
    return toMarkdown(shownTable(evaluation));
}

std::string evaluationLatex(const Evaluation& evaluation) {
    return toLatex(shownTable(evaluation));
}

}  // namespace rankscope::report
