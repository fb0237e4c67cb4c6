// SPDX-License-Identifier: Apache-2.0
#include "app/cli/rank_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "app/cli/planning.h"
#include "core/base/own_path.h"
#include "core/compress/factor_source.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/plan_options.h"
#include "core/plan/slim_plan.h"
#include "core/workspace/calibration_file.h"

namespace rankscope::cli {

using plan::RankTarget;
using plan::StorageChoice;

namespace {

constexpr std::size_t largestPlanFile = std::size_t{64} << 20U;

/// The calibration that the plan names (null: none), checked to fit; `known` is that of the file if
/// it is open already.
std::shared_ptr<const method::Calibration> calibrationOf(
    plan::CompressionPlan& plan, std::shared_ptr<const method::Calibration> known,
    const checkpoint::Checkpoint& checkpoint, const Progress& progress) {
    if (!known) known = usableCalibration(plan.calibrationFile, checkpoint, progress);
    compress::requireCalibration(plan, known.get());
    plan::recordCalibration(plan, known.get());
    return known;
}

}  // namespace

StorageChoice parseStorageChoice(const std::string& name) {
    if (const auto choice = plan::storageChoiceNamed(name)) return *choice;
    throw usageError(
        fmt::format("--storage: '{}' is none of {}.", printable(name),
                    fmt::join(findOption(plan::planOptionTable(), "storage").choices, ", ")));
}

std::vector<CLI::Option*> MethodFlags::addTo(CLI::App& app, const char* group) {
    const auto table = plan::planOptionTable();
    std::vector<CLI::Option*> added = {
        addOption(app, findOption(table, "alpha"), alpha),
        addOption(app, findOption(table, "ridge"), ridge),
        addOption(app, findOption(table, "rarity"), rarity),
        app.add_flag("--refit", refit,
                     "Fit the left factors of any method to the inputs of the compressed model in "
                     "one last pass")};
    for (CLI::Option* option : added) option->group(group);
    return added;
}

method::MethodSettings MethodFlags::settings(std::uint64_t seed) const {
    method::MethodSettings made;
    if (alpha) made.alpha = *alpha;
    if (ridge) made.ridge = *ridge;
    if (rarity) made.rarity = *rarity;
    made.refit = refit;
    made.seed = seed;
    return made;
}

std::shared_ptr<const method::Calibration> usableCalibration(
    const std::string& file, const checkpoint::Checkpoint& checkpoint, const Progress& progress) {
    if (file.empty()) return nullptr;
    auto calibration = workspace::openCalibration(file);
    method::requireSameModel(*calibration, checkpoint, progress);
    return calibration;
}

PlanWithCalibration readPlanFile(const std::string& file, const checkpoint::Checkpoint& checkpoint,
                                 const Progress& progress) {
    const Json document = parseJson(readTextFile(file, largestPlanFile), printable(file, 1000));
    PlanWithCalibration read{plan::planFromJson(document, checkpoint, file), nullptr};
    read.calibration = calibrationOf(read.plan, nullptr, checkpoint, progress);
    return read;
}

void RankOptions::addTo(CLI::App& app) {
    m_matrices.addTo(app);
    const auto table = plan::planOptionTable();
    m_options.allocation = findOption(table, "allocation").defaultText;
    const char* target = "How far (exactly one)";
    const auto add = [&](const char* name, auto& value, const char* group) {
        return addOption(app, findOption(table, name), value)->group(group);
    };
    // Its range depends on the matrices; the plan says it with their names.
    Option rank = findOption(table, "rank");
    rank.minimum.reset();
    rank.maximum.reset();
    addOption(app, rank, m_rank)->group(target);
    add("ratio", m_ratio, target);
    add("energy", m_energy, target);
    add("error", m_error, target);
    add("budget", m_budget, target);
    CLI::Option* file =
        app.add_option("--plan", m_planFile, "A plan that `plan --out` wrote")->type_name("FILE");
    file->group(target);
    const char* how = "How";
    file->excludes(add("method", m_method, how));
    for (CLI::Option* option : m_settings.addTo(app, how)) file->excludes(option);
    app.add_flag("--refine", m_refine, std::string(findOption(table, "refine").help))->group(how);
    add("refine-passes", m_refinePasses, how)->needs(app.get_option("--refine"));
    app.add_option("--calibration", m_calibrationFile,
                   "A file that `calibrate` wrote for this checkpoint")
        ->type_name("FILE")
        ->group(how);
    file->excludes(add("storage", m_storage, how));
    file->excludes(add("allocation", m_options.allocation, how));
    file->excludes(add("allocation-error", m_options.allocationError, how));
    file->excludes(add("multiple-of", m_options.multipleOf, how));
    file->excludes(add("min-rank", m_options.minRank, how));
    file->excludes(add("max-rank", m_options.maxRank, how));
    file->excludes(add("groups", m_options.groups, how));
    for (const char* name : {"--targets", "--exclude"}) file->excludes(app.get_option(name));
}

RankTarget RankOptions::target() const {
    const std::array<std::pair<RankTarget::Kind, const std::optional<double>*>, 5> given = {
        {{RankTarget::Kind::Rank, &m_rank},
         {RankTarget::Kind::Ratio, &m_ratio},
         {RankTarget::Kind::Energy, &m_energy},
         {RankTarget::Kind::Error, &m_error},
         {RankTarget::Kind::Budget, &m_budget}}};
    int count = m_planFile.empty() ? 0 : 1;
    RankTarget target;
    for (const auto& [kind, value] : given)
        if (value->has_value()) {
            target = {kind, **value};
            ++count;
        }
    if (count != 1)
        throw usageError(fmt::format(
            "Give exactly one of --rank, --ratio, --energy, --error, --budget and --plan ({}).",
            count == 0 ? "none was given" : fmt::format("{} were given", count)));
    return target;
}

plan::PlanOptions RankOptions::planOptions(const Context& context) const {
    plan::PlanOptions options = m_options;
    options.target = target();
    if (!m_method.empty()) options.method = m_method;
    options.settings = m_settings.settings(context.options.seed);
    options.settings.refine = m_refine;
    options.settings.refinePasses = static_cast<int>(m_refinePasses);
    options.storage = parseStorageChoice(m_storage);
    return options;
}

void RankOptions::planFromFile(Planned& planned, const Context& context,
                               const Opened& opened) const {
    planned.checkpoint = openAndWarn(m_matrices.checkpoint, context);
    if (opened) opened(planned.checkpoint);
    const Json document = parseJson(readTextFile(m_planFile, largestPlanFile), m_planFile);
    planned.plan = plan::planFromJson(document, planned.checkpoint, m_planFile);
    if (m_refine) plan::addRefinement(planned.plan, static_cast<int>(m_refinePasses));
}

void RankOptions::planByOptions(Planned& planned, const Context& context,
                                const Opened& opened) const {
    plan::PlanOptions options = planOptions(context);
    ChosenMatrices chosen = choose(m_matrices, context);
    if (opened) opened(chosen.checkpoint);
    if (m_method.empty())
        options.method = plan::methodUnlessNamed(chosen.checkpoint, chosen.matrices, options,
                                                 !m_calibrationFile.empty());
    plan::requirePossible(chosen.checkpoint, chosen.matrices, options);
    planned.calibration = usableCalibration(m_calibrationFile, chosen.checkpoint, context.progress);
    if (m_refine) compress::requireRefinable(planned.calibration.get());
    planned.plan =
        planFor(chosen, planned.calibration, options, m_settings.ridge.has_value(), context);
    planned.checkpoint = std::move(chosen.checkpoint);
}

RankOptions::Planned RankOptions::plan(const Context& context, const Opened& opened) const {
    target();  // refuses a plan file beside a target before anything is opened
    Planned planned;
    if (m_planFile.empty())
        planByOptions(planned, context, opened);
    else
        planFromFile(planned, context, opened);
    if (!m_calibrationFile.empty()) planned.plan.calibrationFile = m_calibrationFile;
    planned.calibration = calibrationOf(planned.plan, std::move(planned.calibration),
                                        planned.checkpoint, context.progress);
    for (const std::string& warning : planned.plan.warnings) context.progress.warn(warning);
    return planned;
}

}  // namespace rankscope::cli
