// SPDX-License-Identifier: Apache-2.0
#include "app/cli/evaluation_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/evaluate/evaluation.h"
#include "core/report/evaluation_table.h"

namespace rankscope::cli {

namespace {

using evaluate::Evaluation;
using report::EvaluationCell;
using Cells = std::vector<std::vector<EvaluationCell>>;

// As many as 100 columns hold beside the metric's name.
constexpr std::size_t valuesInATable = 5, differencesInATable = 3;
constexpr std::size_t longestName = 24;

std::string shortName(const Evaluation& evaluation, std::size_t run) {
    const std::string& name = evaluation.runs[run].checkpoint;
    // The end of a path says more than its beginning.
    if (name.size() <= longestName) return printable(name);
    return "..." + printable(name.substr(name.size() - longestName + 3));
}

std::string metric(std::size_t column) {
    return report::titleOf(report::evaluationColumns()[column]);
}

/// `cell(run, column)` of the runs from `first` on, a metric a row.
template <typename Cell>
std::string table(const Evaluation& evaluation, const Cells& cells, std::size_t first,
                  std::size_t count, const std::string& corner, const Cell& cell) {
    std::vector<std::string> header = {corner};
    for (std::size_t r = first; r < first + count; ++r) header.push_back(shortName(evaluation, r));
    TextTable text(std::move(header));
    for (const std::size_t c : report::filledColumns(cells)) {
        std::vector<std::string> row = {metric(c)};
        for (std::size_t r = first; r < first + count; ++r) row.push_back(cell(r, c));
        text.addRow(std::move(row));
    }
    return text.text();
}

std::string intervalText(const EvaluationCell& cell, int digits) {
    return cell.hasInterval ? fmt::format("[{:.{}f}, {:.{}f}]", cell.interval.low, digits,
                                          cell.interval.high, digits)
                            : std::string();
}

std::string oneRun(const Evaluation& evaluation, const Cells& cells) {
    TextTable text({"", shortName(evaluation, 0), "95 % interval"});
    for (const std::size_t c : report::filledColumns(cells))
        text.addRow({metric(c), cells[0][c].text,
                     intervalText(cells[0][c], report::evaluationColumns()[c].decimals)});
    return text.text();
}

std::string twoRuns(const Evaluation& evaluation, const Cells& cells) {
    TextTable text({"", shortName(evaluation, 0), shortName(evaluation, 1), "difference"});
    for (const std::size_t c : report::filledColumns(cells))
        text.addRow({metric(c), cells[0][c].text, cells[1][c].text, cells[1][c].differenceText});
    return text.text();
}

std::string manyRuns(const Evaluation& evaluation, const Cells& cells) {
    const std::size_t runs = cells.size();
    std::string out;
    for (std::size_t first = 0; first < runs; first += valuesInATable)
        out += table(evaluation, cells, first, std::min(valuesInATable, runs - first), "",
                     [&](std::size_t r, std::size_t c) { return cells[r][c].text; }) +
               '\n';
    for (std::size_t first = 1; first < runs; first += differencesInATable)
        out += table(evaluation, cells, first, std::min(differencesInATable, runs - first),
                     "against " + shortName(evaluation, 0),
                     [&](std::size_t r, std::size_t c) { return cells[r][c].differenceText; }) +
               '\n';
    out.pop_back();
    return out;
}

std::string lossNote(const Evaluation& evaluation) {
    for (const evaluate::EvaluationRun& run : evaluation.runs)
        if (run.loss)
            return fmt::format(
                "Loss: mean over all tokens. eval_loss: as the Trainer has it with batches of {} "
                "in file order,\nto transformers 4.35 batch means weighted by batch size, from "
                "4.36 on their plain mean.\n",
                run.loss->batchSize);
    return {};
}

std::string rougeNote(const Evaluation& evaluation) {
    if (!evaluation.runs.front().hasRouge) return {};
    const Json& settings = evaluation.settings;
    return fmt::format("ROUGE: F x 100, exact mean, {}; sentences for Lsum by {}.\n",
                       settings.at("stemmer").get<bool>() ? "stemmed" : "not stemmed",
                       settings.at("sentences").get<std::string>());
}

std::string dataNote(const Evaluation& evaluation) {
    const Json& data = evaluation.settings.at("data");
    std::string out = fmt::format(
        "Data: {} examples of {} ({}, {} -> {})", grouped(evaluation.runs.front().samples),
        printable(data.at("file").get<std::string>()), data.at("format").get<std::string>(),
        printable(data.at("source_field").get<std::string>()),
        printable(data.at("target_field").get<std::string>()));
    if (const std::size_t bad = data.at("bad_rows").size(); bad > 0) {
        out += fmt::format("; {} rows left out (lines", bad);
        constexpr std::size_t named = 8;
        for (std::size_t i = 0; i < std::min(bad, named); ++i)
            out += fmt::format("{} {}", i == 0 ? "" : ",",
                               data.at("bad_rows")[i].at("line").get<std::int64_t>());
        out += bad > named ? " ...)" : ")";
    }
    return out + ".\n";
}

std::string runNotes(const Evaluation& evaluation) {
    std::string out;
    const auto length =
        evaluation.settings.at("summarization").at("max_source_length").get<std::int64_t>();
    for (const evaluate::EvaluationRun& run : evaluation.runs) {
        if (run.truncatedSources > 0)
            out +=
                fmt::format("{}: {} of {} texts were longer than {} tokens and were cut.\n",
                            printable(run.checkpoint), run.truncatedSources, run.samples, length);
        if (!run.badLosses.empty())
            out += fmt::format("{}: {} losses are no finite numbers and were left out.\n",
                               printable(run.checkpoint), run.badLosses.size());
    }
    const bool resumed = std::any_of(evaluation.runs.begin(), evaluation.runs.end(),
                                     [](const auto& run) { return run.fromJournal; });
    if (resumed)
        out +=
            "Batches finished by an earlier run were taken from it, with their times "
            "(--no-cache: compute again).\n";
    return out;
}

std::string samplesText(const Evaluation& evaluation) {
    std::string out;
    for (std::size_t i = 0; i < evaluation.samples.size(); ++i) {
        const evaluate::EvaluationSample& sample = evaluation.samples[i];
        out += fmt::format("\n{}{}\n", printable(sample.id),
                           sample.truncated ? fmt::format(" ({} tokens, cut)", sample.sourceTokens)
                                            : fmt::format(" ({} tokens)", sample.sourceTokens));
        for (const std::string& reference : sample.references)
            out += fmt::format("  reference: {}\n", printable(reference, 4096));
        for (std::size_t r = 0; r < evaluation.runs.size(); ++r) {
            const evaluate::EvaluationRun& run = evaluation.runs[r];
            const evaluate::SampleResult& result = run.results[i];
            out += fmt::format("  {}:", shortName(evaluation, r));
            if (run.hasRouge)
                out += fmt::format(" {} (ROUGE-1 {:.2f})", printable(result.output, 4096),
                                   100 * result.rouge.front().f);
            if (run.loss)
                out += fmt::format(" loss {:.4f}",
                                   result.lossSum / static_cast<double>(result.lossTokens));
            out += '\n';
        }
    }
    return out;
}

}  // namespace

std::string evaluationText(const Evaluation& evaluation, bool perSample) {
    const Cells cells = report::evaluationCells(evaluation);
    std::string out = cells.size() == 1   ? oneRun(evaluation, cells)
                      : cells.size() == 2 ? twoRuns(evaluation, cells)
                                          : manyRuns(evaluation, cells);
    const Json& bootstrap = evaluation.settings.at("bootstrap");
    out += fmt::format(
        "Intervals: {}bootstrap over examples, 95 %, {} resamples, seed {}. On {} in {}.\n",
        cells.size() > 1 ? "paired " : "", grouped(bootstrap.at("resamples").get<std::int64_t>()),
        bootstrap.at("seed").get<std::uint64_t>(), evaluation.runs.front().device,
        evaluation.runs.front().compute);
    out +=
        dataNote(evaluation) + lossNote(evaluation) + rougeNote(evaluation) + runNotes(evaluation);
    return perSample ? out + samplesText(evaluation) : out;
}

}  // namespace rankscope::cli
