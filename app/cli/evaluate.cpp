// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluate.h"

#include <fmt/format.h>

#include <memory>
#include <sstream>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/evaluation_text.h"
#include "app/cli/output_file.h"
#include "app/cli/rank_options.h"
#include "app/cli/summarization_flags.h"
#include "core/base/own_path.h"
#include "core/evaluate/evaluation.h"
#include "core/report/evaluation_table.h"

namespace rankscope::cli {

namespace {

struct EvaluateOptions {
    std::vector<std::string> checkpoints;
    std::string planFile, out, metrics = "loss,rouge";
    DatasetFlags data;
    SummarizationFlags summarization;
    std::int64_t batchSize = 8;
    bool noStemmer = false, noCache = false, perSample = false;
};

/// A comma list of "loss" and "rouge".
void chooseMetrics(const std::string& list, evaluate::EvaluationOptions& how) {
    how.loss = how.rouge = false;
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');) {
        if (word != "loss" && word != "rouge")
            throw usageError(
                fmt::format("--metrics: '{}' is neither loss nor rouge.", printable(word)));
        (word == "loss" ? how.loss : how.rouge) = true;
    }
    if (!how.loss && !how.rouge) throw usageError("--metrics: name loss, rouge or both.");
}

std::vector<evaluate::EvaluationSubject> subjectsOf(const EvaluateOptions& options,
                                                    const Progress& progress) {
    std::vector<evaluate::EvaluationSubject> subjects;
    for (const std::string& checkpoint : options.checkpoints) subjects.push_back({checkpoint});
    if (options.planFile.empty()) return subjects;
    const checkpoint::Checkpoint opened = checkpoint::openCheckpoint(options.checkpoints.front());
    PlanWithCalibration read = readPlanFile(options.planFile, opened, progress);
    std::string label = fmt::format("{} by {}", options.checkpoints.front(),
                                    std::filesystem::path(options.planFile).filename().string());
    if (read.plan.settings.refine) label += ", refined";
    subjects.push_back({options.checkpoints.front(), std::move(read.plan), std::move(label),
                        std::move(read.calibration)});
    return subjects;
}

text::Dataset dataOf(const EvaluateOptions& options, const Context& context) {
    const std::filesystem::path demo = sharedResource("demo") / "test.json";
    if (!options.data.given())
        context.progress.warn(
            "No --data is given: the 200 dialogues that come with the demo model are used.");
    return options.data.read(demo, true, context.progress);
}

void write(const OutputFile& file, const evaluate::Evaluation& evaluation, const Json& result) {
    if (file.ending() == ".json") file.writeText(jsonLine(result));
    if (file.ending() == ".csv") file.writeText(report::evaluationCsv(evaluation));
    if (file.ending() == ".tsv") file.writeText(report::evaluationTsv(evaluation));
    if (file.ending() == ".md") file.writeText(report::evaluationMarkdown(evaluation));
    if (file.ending() == ".tex") file.writeText(report::evaluationLatex(evaluation));
}

void run(const EvaluateOptions& options, Context& context) {
    const OutputFile file(options.out, {".json", ".csv", ".tsv", ".md", ".tex"}, context.progress);
    evaluate::EvaluationOptions how;
    chooseMetrics(options.metrics, how);
    how.summarization = options.summarization.options();
    how.batchSize = options.batchSize;
    how.stemmer = !options.noStemmer;
    how.useJournal = !options.noCache;
    how.device = context.options.device;
    how.seed = context.options.seed;
    const auto subjects = subjectsOf(options, context.progress);
    for (const std::string& checkpoint : options.checkpoints)
        if (file.wanted()) file.refuseSource(checkpoint::openCheckpoint(checkpoint));
    const text::Dataset data = dataOf(options, context);
    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    const evaluate::Evaluation evaluation =
        evaluate::evaluate(subjects, data, how, backend, context.progress);
    const Json result = toJson(evaluation, options.perSample);
    if (file.wanted()) write(file, evaluation, result);
    context.output.result(result, [&] { return evaluationText(evaluation, options.perSample); });
}

}  // namespace

Run declareEvaluate(CLI::App& app) {
    auto options = std::make_shared<EvaluateOptions>();
    app.add_option("checkpoints", options->checkpoints,
                   "Folders, weights files, Hub ids in the local cache, or demo; the first is the "
                   "baseline")
        ->type_name("CHECKPOINT...")
        ->required();
    app.add_option("--plan", options->planFile,
                   "Also the first checkpoint compressed in memory by a plan that `plan --out` "
                   "wrote")
        ->type_name("FILE");
    options->data.addTo(app);
    const auto table = evaluate::evaluationOptionTable();
    addMetrics(app, findOption(table, "metrics").help, options->metrics);
    addOption(app, findOption(table, "batch-size"), options->batchSize);
    const auto flag = [&](const char* name, bool& value) {
        app.add_flag(fmt::format("--{}", name), value, std::string(findOption(table, name).help));
    };
    flag("no-stemmer", options->noStemmer);
    flag("no-cache", options->noCache);
    flag("per-sample", options->perSample);
    app.add_option("--out", options->out, "Also write .json, .csv, .tsv, .md or .tex")
        ->type_name("FILE");
    options->summarization.addTo(app);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
