// SPDX-License-Identifier: Apache-2.0
#include "app/cli/race_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/cli/rank_options.h"
#include "app/cli/text_table.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/method/method_curves.h"
#include "core/plan/plan_options.h"
#include "core/report/race_tables.h"

namespace rankscope::cli {

using method::MethodCurve;

namespace {

std::string shown(const MethodCurve& curve, std::int64_t rank) {
    const std::optional<std::size_t> place = report::placeOfRank(curve, rank);
    if (!place || curve.ranks[*place] != rank) return "-";
    const auto& errors = curve.heldOutError.empty() ? curve.activationError : curve.heldOutError;
    std::string cell = fmt::format("{:.6f}", errors[*place]);
    if (!curve.excessError.empty() && curve.excessError[*place])
        cell += fmt::format(" ({:+.2f} %)", 100 * *curve.excessError[*place]);
    return cell;
}

/// One row a rank of one matrix: `curves` holds its own, `methods` are the columns.
void addRows(TextTable& table, std::span<const MethodCurve> curves,
             const std::vector<std::string>& methods) {
    std::set<std::int64_t> ranks;
    for (const MethodCurve& curve : curves) ranks.insert(curve.ranks.begin(), curve.ranks.end());
    for (const std::int64_t rank : ranks) {
        std::vector<std::string> cells = {printable(curves.front().name), fmt::format("{}", rank)};
        for (const std::string& method : methods) {
            const auto found = std::ranges::find(curves, method, &MethodCurve::method);
            cells.push_back(found == curves.end() ? "-" : shown(*found, rank));
        }
        table.addRow(std::move(cells));
    }
}

}  // namespace

std::string Race::text() const {
    std::vector<std::string> titles = {"matrix", "rank"};
    std::vector<std::string> methods;
    bool preview = false;
    for (const MethodCurve& curve : curves) {
        if (std::ranges::find(methods, curve.method) != methods.end()) continue;
        methods.push_back(curve.method);
        titles.push_back(curve.method + (curve.excessError.empty() ? "" : " (preview)"));
        preview = preview || !curve.excessError.empty();
    }
    TextTable table(titles);
    for (auto first = curves.begin(); first != curves.end();) {
        const auto end = std::find_if(first, curves.end(), [&](const MethodCurve& curve) {
            return curve.name != first->name;
        });
        addRows(table, {first, end}, methods);
        first = end;
    }
    const bool heldOut = !curves.empty() && !curves.front().heldOutError.empty();
    return table.text() +
           fmt::format("|(W - W')X| / |WX| on {} dialogues of {}, {}\n",
                       heldOut ? calibration["held_out"].dump() + " held-out"
                               : calibration["samples"].dump() + " calibration",
                       printable(calibration["file"].get<std::string>(), 1000),
                       heldOut ? "which no factor saw"
                               : "which the factors were made from (it has none held out)") +
           (preview ? "in brackets: how far |W - W'| of the preview lies above that of svd\n" : "");
}

report::FigureRequest Race::figure(const std::string& label) const {
    return {.title = fmt::format("Methods on real activations: {}, {}", label,
                                 printable(curves.front().name)),
            .figure = report::MethodCurvesFigure{.curves = curves}};
}

void RaceOptions::addTo(CLI::App& app) {
    const char* group = "Methods on real activations";
    app.add_option("--calibration", m_calibration,
                   "A file that `calibrate` wrote for this checkpoint: adds each method's error on "
                   "its calibration and held-out dialogues")
        ->type_name("FILE")
        ->group(group);
    const auto table = plan::planOptionTable();
    CLI::Option* methods =
        app.add_option("--methods", m_methods,
                       "A comma list of methods (default: all that the file allows; randomized is "
                       "a preview of svd)")
            ->delimiter(',')
            ->type_name("NAMES")
            ->group(group);
    offerWords(*methods, findOption(table, "method").choices, true);
    addOption(app, findOption(table, "alpha"), m_alpha)->group(group);
    addOption(app, findOption(table, "ridge"), m_ridge)->group(group);
}

void RaceOptions::check() const {
    for (const std::string& method : m_methods) method::methodNamed(method);
    if (!wanted() && (!m_methods.empty() || m_alpha || m_ridge))
        throw usageError(
            "--methods, --alpha and --ridge say how methods do on real activations: give a file "
            "that `calibrate` wrote with --calibration.");
}

std::shared_ptr<const method::Calibration> RaceOptions::open(
    const checkpoint::Checkpoint& checkpoint, const Progress& progress) const {
    return usableCalibration(m_calibration, checkpoint, progress);
}

Race RaceOptions::run(const std::shared_ptr<const method::Calibration>& calibration,
                      const ChosenMatrices& chosen, const std::optional<report::RankRange>& range,
                      const Context& context) const {
    method::MethodCurvesOptions how;
    how.methods = m_methods;
    if (m_alpha) how.settings.alpha = *m_alpha;
    if (m_ridge) how.settings.ridge = *m_ridge;
    how.settings.seed = context.options.seed;
    how.ranks = [&](std::int64_t fullRank) {
        return range ? report::ranksOf(*range, fullRank) : report::defaultRanks(fullRank);
    };
    const method::CalibrationRecord& record = calibration->record();
    const backend::Compute compute = loadCompute(context);
    return {method::methodCurves({chosen.checkpoint, chosen.matrices, calibration, compute}, how,
                                 context.progress),
            {{"file", m_calibration},
             {"samples", record.examples.size()},
             {"held_out", record.heldOut.size()}}};
}

}  // namespace rankscope::cli
