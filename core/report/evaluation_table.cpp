// SPDX-License-Identifier: Apache-2.0
#include "core/report/evaluation_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/base/number_text.h"
#include "core/evaluate/evaluation.h"

namespace rankscope::report {

using evaluate::Comparison;
using evaluate::Evaluation;
using evaluate::EvaluationRun;

namespace {

constexpr double notMeasured = std::numeric_limits<double>::quiet_NaN();

double lossValue(const EvaluationRun& run, std::string_view key) {
    if (!run.loss) return notMeasured;
    if (key == "loss") return run.loss->tokenMean;
    return key == "trainer_weighted" ? run.loss->trainerWeighted : run.loss->trainerBatchMean;
}

/// The index in rougeTypes of "rouge1" …; their number where `key` is none of them.
std::size_t rougeIndex(std::string_view key) {
    std::size_t t = 0;
    while (t < text::rougeTypes.size() && text::rougeName(text::rougeTypes[t]) != key) ++t;
    return t;
}

double valueOf(const EvaluationRun& run, std::string_view key) {
    const std::size_t rouge = rougeIndex(key);
    if (rouge < text::rougeTypes.size()) return run.hasRouge ? run.rouge[rouge] : notMeasured;
    if (key == "parameters") return static_cast<double>(run.parameters);
    if (key == "bytes") return static_cast<double>(run.bytes);
    if (key == "generated_length") return run.hasRouge ? run.generatedLength : notMeasured;
    if (key == "loss_seconds") return run.loss ? run.lossSeconds : notMeasured;
    if (key == "loss_tokens_per_second") return run.loss ? run.lossTokensPerSecond : notMeasured;
    if (key == "generate_seconds") return run.hasRouge ? run.generateSeconds : notMeasured;
    if (key == "generate_tokens_per_second")
        return run.hasRouge ? run.generateTokensPerSecond : notMeasured;
    return lossValue(run, key);
}

std::string shown(const EvaluationColumn& column, double value) {
    if (!std::isfinite(value)) return "-";
    if (column.digits == 0) return groupedNumber(std::llround(value));
    return fmt::format("{:.{}f}", value, column.digits);
}

/// Sizes are compared in per cent, times and speeds as a factor, the rest by subtraction.
std::string plainDifference(const EvaluationColumn& column, double value, double baseline) {
    if (!std::isfinite(value) || !std::isfinite(baseline)) return {};
    if (column.key == "parameters" || column.key == "bytes")
        return baseline == 0 ? "" : fmt::format("{:+.1f} %", 100 * (value / baseline - 1));
    if (column.unit == "s" || column.unit == "tokens/s")
        return baseline == 0 ? "" : fmt::format("{:.2f}x", value / baseline);
    return fmt::format("{:+.{}f}", value - baseline, column.digits);
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
    cell.value = valueOf(run, column.key);
    cell.text = shown(column, cell.value);
    if (r == 0) {
        const std::size_t rouge = rougeIndex(column.key);
        cell.hasInterval = run.hasRouge && rouge < text::rougeTypes.size();
        if (cell.hasInterval) cell.interval = run.rougeIntervals[rouge];
        return cell;
    }
    const double baseline = valueOf(evaluation.runs.front(), column.key);
    cell.difference = cell.value - baseline;
    cell.differenceText = plainDifference(column, cell.value, baseline);
    const Comparison* comparison =
        column.compared ? comparisonOf(evaluation, r, column.key) : nullptr;
    if (comparison == nullptr || !std::isfinite(comparison->difference)) return cell;
    cell.hasInterval = true;
    cell.interval = comparison->interval;
    cell.difference = comparison->difference;
    cell.differenceText =
        fmt::format("{:+.{}f} [{:+.{}f}, {:+.{}f}]", cell.difference, column.digits,
                    cell.interval.low, column.digits, cell.interval.high, column.digits);
    return cell;
}

std::string heading(const EvaluationColumn& column) {
    return column.unit.empty() ? std::string(column.title)
                               : fmt::format("{} ({})", column.title, column.unit);
}

/// Columns in which some run has a value.
std::vector<std::size_t> filledColumns(const std::vector<std::vector<EvaluationCell>>& cells) {
    std::vector<std::size_t> filled;
    for (std::size_t c = 0; c < evaluationColumns().size(); ++c)
        for (const auto& row : cells)
            if (std::isfinite(row[c].value)) {
                filled.push_back(c);
                break;
            }
    return filled;
}

/// A name without what would end a cell or a line.
std::string oneLine(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return line;
}

std::string markdownText(std::string_view text) {
    std::string out;
    for (const char c : oneLine(text)) {
        if (std::string_view("\\|*_`<>[]#").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string latexText(std::string_view text) {
    std::string out;
    for (const char c : oneLine(text)) {
        if (std::string_view("&%$#_{}").find(c) != std::string_view::npos)
            out += std::string("\\") + c;
        else if (c == '\\')
            out += "\\textbackslash{}";
        else if (c == '~')
            out += "\\textasciitilde{}";
        else if (c == '^')
            out += "\\textasciicircum{}";
        else
            out += c;
    }
    return out;
}

std::string exact(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

}  // namespace

const std::vector<EvaluationColumn>& evaluationColumns() {
    static const std::vector<EvaluationColumn> columns = {
        {"parameters", "Parameters", "", "Numbers stored, tied tensors once", 0, false, false},
        {"bytes", "Bytes", "", "Size of the weight files", 0, false, false},
        {"loss", "Loss", "", "Negative log-likelihood of the references, mean over all tokens", 4,
         false, true},
        {"trainer_weighted", "eval_loss to 4.35", "",
         "The Trainer's eval_loss up to transformers 4.35: batch means weighted by batch size", 4,
         false, false},
        {"trainer_batch_mean", "eval_loss from 4.36", "",
         "The Seq2SeqTrainer's eval_loss from transformers 4.36 on: plain mean of the batch means",
         4, false, false},
        {"rouge1", text::rougeTitle(text::RougeType::Rouge1), "",
         "Words in common with the reference, F times 100, mean over the examples", 2, true, true},
        {"rouge2", text::rougeTitle(text::RougeType::Rouge2), "",
         "Pairs of words in common with the reference, F times 100, mean over the examples", 2,
         true, true},
        {"rougeL", text::rougeTitle(text::RougeType::RougeL), "",
         "Longest common subsequence of words, F times 100, mean over the examples", 2, true, true},
        {"rougeLsum", text::rougeTitle(text::RougeType::RougeLsum), "",
         "The same sentence by sentence, F times 100, mean over the examples", 2, true, true},
        {"generated_length", "Length", "tokens",
         "Mean number of generated tokens, the end token among them", 2, false, true},
        {"loss_seconds", "Loss time", "s", "Seconds spent on the losses", 2, false, false},
        {"loss_tokens_per_second", "Loss speed", "tokens/s",
         "Source and target tokens a second, padding not counted", 0, true, false},
        {"generate_seconds", "Generation time", "s", "Seconds spent on generation", 2, false,
         false},
        {"generate_tokens_per_second", "Generation speed", "tokens/s", "Generated tokens a second",
         0, true, false},
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

std::string evaluationTsv(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    const auto filled = filledColumns(cells);
    std::string out = "model";
    for (const std::size_t c : filled) {
        const EvaluationColumn& column = evaluationColumns()[c];
        out += fmt::format("\t{}", column.key);
        if (column.compared) out += fmt::format("\t{0}_difference\t{0}_low\t{0}_high", column.key);
    }
    out += '\n';
    for (std::size_t r = 0; r < cells.size(); ++r) {
        out += oneLine(evaluation.runs[r].checkpoint);
        for (const std::size_t c : filled) {
            const EvaluationCell& cell = cells[r][c];
            out += fmt::format("\t{}", exact(cell.value));
            if (!evaluationColumns()[c].compared) continue;
            const bool against = r > 0 && cell.hasInterval;
            out += fmt::format("\t{}\t{}\t{}", against ? exact(cell.difference) : "",
                               against ? exact(cell.interval.low) : "",
                               against ? exact(cell.interval.high) : "");
        }
        out += '\n';
    }
    return out;
}

std::string evaluationMarkdown(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    const auto filled = filledColumns(cells);
    std::string out = "| Model |", rule = "|---|";
    for (const std::size_t c : filled) {
        out += fmt::format(" {} |", heading(evaluationColumns()[c]));
        rule += "---:|";
    }
    out += fmt::format("\n{}\n", rule);
    for (std::size_t r = 0; r < cells.size(); ++r) {
        out += fmt::format("| {} |", markdownText(evaluation.runs[r].checkpoint));
        for (const std::size_t c : filled) {
            const EvaluationCell& cell = cells[r][c];
            out += cell.differenceText.empty()
                       ? fmt::format(" {} |", cell.text)
                       : fmt::format(" {} ({}) |", cell.text, cell.differenceText);
        }
        out += '\n';
    }
    return out;
}

std::string evaluationLatex(const Evaluation& evaluation) {
    const auto cells = evaluationCells(evaluation);
    const auto filled = filledColumns(cells);
    std::string out =
        fmt::format("\\begin{{tabular}}{{l{}}}\n\\toprule\nModel", std::string(filled.size(), 'r'));
    for (const std::size_t c : filled)
        out += fmt::format(" & {}", latexText(heading(evaluationColumns()[c])));
    out += " \\\\\n\\midrule\n";
    for (std::size_t r = 0; r < cells.size(); ++r) {
        out += latexText(evaluation.runs[r].checkpoint);
        for (const std::size_t c : filled) {
            const EvaluationCell& cell = cells[r][c];
            out += cell.differenceText.empty() ? fmt::format(" & {}", latexText(cell.text))
                                               : fmt::format(" & {} ({})", latexText(cell.text),
                                                             latexText(cell.differenceText));
        }
        out += " \\\\\n";
    }
    return out + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace rankscope::report
