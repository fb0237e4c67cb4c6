// SPDX-License-Identifier: Apache-2.0
#include "core/search/pareto.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/planning.h"
#include "app/cli/rank_options.h"
#include "app/cli/summarization_flags.h"
#include "app/cli/text_table.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"
#include "core/plan/plan_options.h"
#include "core/report/figure_request.h"
#include "core/report/pareto_table.h"
#include "core/search/measured_plan.h"

namespace rankscope::cli {

namespace {

struct ParetoCommandOptions {
    MatrixOptions matrices;
    DatasetFlags data;
    SummarizationFlags summarization;
    std::string calibration, out;
    std::string budgets = "0.5:0.9:0.1", methods;
    std::string allocations = fmt::format("{}", fmt::join(search::usualAllocations, ","));
    std::string metrics = "loss,rouge", storage = "auto";
    plan::PlanOptions plan;
    MethodFlags settings;
    bool plans = false, noCache = false;
};

std::vector<std::string> words(const std::string& list) {
    std::vector<std::string> result;
    std::istringstream stream(list);
    for (std::string word; std::getline(stream, word, ',');) result.push_back(word);
    return result;
}

/// A:B:STEP, both ends included, or a comma list.
std::vector<double> budgetsOf(const std::string& text) {
    std::vector<double> numbers;
    const bool range = text.find(':') != std::string::npos;
    std::istringstream stream(text);
    for (std::string word; std::getline(stream, word, range ? ':' : ',');) {
        std::size_t used = 0;
        double value = NAN;
        try {
            value = std::stod(word, &used);
        } catch (const std::exception&) {
        }
        if (used != word.size() || !(value > 0 && value <= 1))
            throw usageError(
                fmt::format("--budgets: '{}' is no share above 0 and at most 1; give "
                            "FROM:TO:STEP or a comma list.",
                            printable(word)));
        numbers.push_back(value);
    }
    if (!range) return numbers;
    if (numbers.size() != 3 || numbers[1] < numbers[0])
        throw usageError("--budgets: FROM:TO:STEP was expected, FROM no larger than TO.");
    constexpr double slack = 1e-9;
    constexpr double most = 1000;
    if ((numbers[1] - numbers[0]) / numbers[2] > most)
        throw usageError(
            fmt::format("--budgets: more than {:g} steps; choose a larger one.", most));
    std::vector<double> steps;
    for (int i = 0; numbers[0] + i * numbers[2] <= numbers[1] + slack; ++i)
        steps.push_back(std::round((numbers[0] + i * numbers[2]) * 1e9) / 1e9);
    return steps;
}

std::string shown(const search::ParetoFront& front) {
    return TextTable(report::paretoTable(front)).text() +
           "*: no other setting stores as little and loses less\nmeasured on " +
           report::measuredOn(front) + "\n";
}

/// True if the metrics ask for ROUGE; the loss is always there, since it makes the front.
bool wantsRouge(const std::string& metrics) {
    bool rouge = false;
    for (const std::string& word : words(metrics)) {
        if (word != "loss" && word != "rouge")
            throw usageError(
                fmt::format("--metrics: '{}' is neither loss nor rouge.", printable(word)));
        rouge = rouge || word == "rouge";
    }
    return rouge;
}

/// The settings to measure; everything that can be refused without the checkpoint is.
search::ParetoOptions settingsOf(const ParetoCommandOptions& options, const Context& context) {
    search::ParetoOptions how;
    how.budgets = budgetsOf(options.budgets);
    how.methods = words(options.methods);
    if (how.methods.empty())
        how.methods.assign(search::usualMethods.begin(), options.calibration.empty()
                                                             ? search::usualMethods.begin() + 1
                                                             : search::usualMethods.end());
    how.allocations = words(options.allocations);
    if (how.methods.empty() || how.allocations.empty() || how.budgets.empty())
        throw usageError("Name at least one method, one allocation and one budget.");
    for (const std::string& method : how.methods) method::methodNamed(method);
    for (const std::string& allocation : how.allocations) plan::allocatorNamed(allocation);
    if (!options.data.given() && options.calibration.empty())
        throw usageError(
            "There is nothing to measure on: give dialogues with --data, or a file that "
            "`calibrate` wrote with --calibration.");
    how.plan = options.plan;
    how.plan.storage = parseStorageChoice(options.storage);
    how.plan.settings = options.settings.settings(context.options.seed);
    how.plan.target.kind = plan::RankTarget::Kind::Budget;
    plan::checkOptions(how.plan);
    if (how.plan.allocationError == plan::lossErrorName ||
        std::ranges::any_of(how.allocations, plan::isMeasured))
        how.journals = sensitivityJournals();
    return how;
}

std::shared_ptr<const search::ParetoData> dataOf(const ParetoCommandOptions& options,
                                                 const Context& context) {
    const bool rouge = wantsRouge(options.metrics);
    if (!options.data.given()) return nullptr;
    search::ParetoData data;
    data.dialogues = options.data.read({}, true, context.progress);
    for (const std::string& warning : data.dialogues.warnings) context.progress.warn(warning);
    data.summarization = options.summarization.options();
    data.rouge = rouge;
    data.useJournal = !options.noCache;
    return std::make_shared<const search::ParetoData>(std::move(data));
}

/// The spectra that allocations look at, computed if they must be; else those in the cache.
std::map<std::string, spectra::Spectrum> spectraFor(const search::ParetoOptions& how,
                                                    const ChosenMatrices& chosen,
                                                    const Context& context) {
    const bool weights = std::ranges::any_of(how.methods, [](const std::string& method) {
        return method::methodNamed(method).needs == method::MethodNeeds::Nothing;
    });
    const bool looked = std::ranges::any_of(how.allocations, [](const std::string& allocation) {
        return plan::looksAtSpectra(allocation);
    });
    if (!weights || !looked)
        return workspace::readCachedSpectra(chosen.checkpoint, context.progress);
    std::map<std::string, spectra::Spectrum> known;
    for (auto& spectrum : spectraOf(chosen, context, true, false).spectra)
        known.emplace(spectrum.name(), std::move(spectrum));
    return known;
}

void warnOfSkipped(const search::ParetoFront& front, const Progress& progress) {
    if (front.skipped.empty()) return;
    const std::size_t others = front.skipped.size() - 1;
    progress.warn(others == 0 ? fmt::format("One setting is left out: {}", front.skipped.front())
                              : fmt::format("{} settings are left out: {} So are {} more.",
                                            others + 1, front.skipped.front(), others));
}

/// Whether any method has a ridge to choose; a warning if it cannot be chosen.
bool chooses(const search::ParetoOptions& how, const method::Calibration* calibration,
             const Context& context) {
    return std::ranges::any_of(how.methods, [&](const std::string& method) {
        plan::PlanOptions one = how.plan;
        one.method = method;
        return search::canChooseRidge(one, calibration, context.progress);
    });
}

report::FigureRequest figureOf(const search::ParetoFront& front, const std::string& label) {
    return {.title = fmt::format("{}, measured on {}", label, report::measuredOn(front)),
            .size = {.widthMm = front.denseRouge ? 220.0 : 160.0, .heightMm = 110},
            .figure = report::ParetoFigure{front}};
}

void run(const ParetoCommandOptions& options, Context& context) {
    search::ParetoOptions how = settingsOf(options, context);
    const OutputFile file(options.out, {".csv", ".json", ".png", ".pdf", ".svg"}, context.progress);
    how.data = dataOf(options, context);
    const ChosenMatrices chosen = choose(options.matrices, context);
    file.refuseSource(chosen.checkpoint);
    const auto calibration =
        usableCalibration(options.calibration, chosen.checkpoint, context.progress);
    how.chooseRidge = !options.settings.ridge && chooses(how, calibration.get(), context);
    const auto known = spectraFor(how, chosen, context);
    const backend::Compute compute = loadCompute(context);
    const search::ParetoFront front = search::paretoFront(
        {chosen.checkpoint, chosen.matrices, calibration, compute}, known, how, context.progress);
    if (front.points.empty())
        throw usageError(fmt::format("No setting can be paid. {}", front.skipped.front()));
    warnOfSkipped(front, context.progress);
    const Json json = toJson(front, options.plans);
    if (file.ending() == ".csv") file.writeText(report::paretoCsv(front));
    if (file.ending() == ".json") file.writeText(jsonLine(json));
    if (file.isFigure())
        file.writeFigure(figureOf(front, printable(chosen.checkpoint.label())), context.progress);
    context.output.result(json, [&] { return shown(front); });
}

void addPlanOptions(CLI::App& app, ParetoCommandOptions& options) {
    const char* how = "How";
    options.settings.addTo(app, how);
    const auto table = plan::planOptionTable();
    addOption(app, findOption(table, "storage"), options.storage)->group(how);
    addOption(app, findOption(table, "allocation-error"), options.plan.allocationError)->group(how);
    addOption(app, findOption(table, "multiple-of"), options.plan.multipleOf)->group(how);
    addOption(app, findOption(table, "min-rank"), options.plan.minRank)->group(how);
    addOption(app, findOption(table, "max-rank"), options.plan.maxRank)->group(how);
    addOption(app, findOption(table, "groups"), options.plan.groups)->group(how);
}

}  // namespace

Run declarePareto(CLI::App& app) {
    auto options = std::make_shared<ParetoCommandOptions>();
    options->matrices.addTo(app);
    app.add_option("--calibration", options->calibration,
                   "A file that `calibrate` wrote for this checkpoint; without --data its held-out "
                   "dialogues are measured on")
        ->type_name("FILE");
    app.add_option("--budgets", options->budgets,
                   "Kept shares of the model's parameters, FROM:TO:STEP or a comma list")
        ->type_name("SHARES")
        ->capture_default_str();
    CLI::Option* methods = app.add_option(
        "--methods", options->methods,
        fmt::format("A comma list of methods [{}; {} without --calibration]",
                    fmt::join(search::usualMethods, ","), search::usualMethods.front()));
    CLI::Option* allocations =
        app.add_option("--allocations", options->allocations, "A comma list of allocations")
            ->capture_default_str();
    const auto table = plan::planOptionTable();
    offerWords(*methods->type_name("NAMES"), findOption(table, "method").choices, true);
    offerWords(*allocations->type_name("NAMES"), findOption(table, "allocation").choices, true);
    addPlanOptions(app, *options);
    options->data.addTo(app);
    addMetrics(app, "Metrics to measure on --data; the loss always is", options->metrics)
        ->group("Data");
    app.add_flag("--plans", options->plans,
                 "Put each point's plan, as of `plan --json`, into the JSON");
    app.add_flag("--no-cache", options->noCache,
                 "Measure --data again; neither read nor write the cache");
    app.add_option("--out", options->out, "Also write .csv, .json, .png, .pdf or .svg")
        ->type_name("FILE");
    options->summarization.addTo(app);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
