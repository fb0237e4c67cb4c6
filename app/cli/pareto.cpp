// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/pareto.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <sstream>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/output_file.h"
#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"
#include "core/compress/allocation.h"

namespace rankscope::cli {

namespace {

struct ParetoCommandOptions {
    MatrixOptions matrices;
    std::string calibration, out;
    std::string budgets = "0.5:0.9:0.1", methods = "svd,whitened,anchored",
                allocations = "uniform,water-filling";
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
    std::vector<double> steps;
    for (int i = 0; numbers[0] + i * numbers[2] <= numbers[1] + slack; ++i)
        steps.push_back(std::round((numbers[0] + i * numbers[2]) * 1e9) / 1e9);
    return steps;
}

std::string csv(const evaluate::ParetoFront& front) {
    std::string text = "method,allocation,budget,parameters,loss,on_front\r\n";
    text += fmt::format("dense,,1,{},{},\r\n", front.denseParameters, front.denseLoss);
    for (const evaluate::ParetoPoint& point : front.points)
        text += fmt::format("{},{},{},{},{},{}\r\n", point.method, point.allocation, point.budget,
                            point.parameters, point.loss, point.onFront ? 1 : 0);
    return text;
}

std::string shown(const evaluate::ParetoFront& front) {
    TextTable table(
        {"method", "allocation", "parameters", "of the model", "held-out loss", "front"});
    const auto share = [&](std::int64_t parameters) {
        return fmt::format("{:.1f} %", 100 * static_cast<double>(parameters) /
                                           static_cast<double>(front.denseParameters));
    };
    table.addRow({"dense", "", grouped(front.denseParameters), share(front.denseParameters),
                  fmt::format("{:.4f}", front.denseLoss), ""});
    for (const evaluate::ParetoPoint& point : front.points)
        table.addRow({point.method, point.allocation, grouped(point.parameters),
                      share(point.parameters), fmt::format("{:.4f}", point.loss),
                      point.onFront ? "*" : ""});
    return table.text() + "*: no other setting stores as little and loses less\n";
}

void run(const ParetoCommandOptions& options, Context& context) {
    const OutputFile file(options.out, {".csv", ".json"});
    evaluate::ParetoOptions how;
    how.budgets = budgetsOf(options.budgets);
    how.methods = words(options.methods);
    how.allocations = words(options.allocations);
    for (const std::string& method : how.methods) compress::methodNamed(method);
    for (const std::string& allocation : how.allocations) compress::allocatorNamed(allocation);
    how.plan.settings.seed = context.options.seed;
    how.threads = context.options.threads;
    const ChosenMatrices chosen = choose(options.matrices, context);
    if (file.wanted()) file.refuseSource(chosen.checkpoint);
    const auto calibration =
        usableCalibration(options.calibration, chosen.checkpoint, context.progress);
    std::map<std::string, spectra::Spectrum> known;
    for (auto& spectrum : spectraOf(chosen, context, true, false).spectra)
        known.emplace(spectrum.name(), std::move(spectrum));
    const backend::Backend& backend = backend::loadBackend({.threads = context.options.threads});
    how.device = backend.chooseDevice(context.options.device);
    const evaluate::ParetoFront front = evaluate::paretoFront(
        chosen.checkpoint, chosen.matrices, known, calibration, how, backend, context.progress);
    for (const std::string& sentence : front.skipped) context.progress.warn(sentence);
    const Json json = evaluate::toJson(front);
    if (file.ending() == ".csv") file.writeText(csv(front));
    if (file.ending() == ".json") file.writeText(jsonLine(json));
    context.output.result(json, [&] { return shown(front); });
}

}  // namespace

Run declarePareto(CLI::App& app) {
    auto options = std::make_shared<ParetoCommandOptions>();
    options->matrices.addTo(app);
    app.add_option("--calibration", options->calibration,
                   "A file that `calibrate` wrote for this checkpoint; its held-out dialogues are "
                   "measured on")
        ->type_name("FILE")
        ->required();
    app.add_option("--budgets", options->budgets,
                   "Kept shares of the model's parameters, FROM:TO:STEP or a comma list")
        ->type_name("SHARES")
        ->capture_default_str();
    app.add_option("--methods", options->methods, "A comma list of methods")
        ->type_name("NAMES")
        ->capture_default_str();
    app.add_option("--allocations", options->allocations, "A comma list of allocations")
        ->type_name("NAMES")
        ->capture_default_str();
    app.add_option("--out", options->out, "Also write .csv or .json")->type_name("FILE");
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
