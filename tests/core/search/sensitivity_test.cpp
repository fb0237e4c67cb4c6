// SPDX-License-Identifier: Apache-2.0
#include "core/search/sensitivity.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/compress/compress.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/stored_parameters.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::search {
namespace {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;
using testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

class SensitivitySearch : public testing::Test {
 protected:
    SensitivitySearch() {
        fixtures::writeTinyT5(m_folder / "tiny");
        m_model = checkpoint::openCheckpoint((m_folder / "tiny").string());
        m_chosen = checkpoint::selectMatrices(m_model.matrices(), {"attention", ""});
        m_options.plan.target = {plan::RankTarget::Kind::Budget, 0.8};
    }

    /// A loss that each matrix raises by its own factor times the squared share of ranks lost.
    double fakeLoss(const plan::CompressionPlan& plan) {
        ++m_calls;
        EXPECT_EQ(plan.entries.size(), 1U);  // nothing else is compressed
        const plan::PlanEntry& entry = plan.entries[0];
        const double lost =
            1 - static_cast<double>(entry.rank) / static_cast<double>(entry.matrix.fullRank());
        return 1 + factor(entry.matrix) * lost * lost;
    }

    double factor(const WeightMatrix& matrix) const {
        for (std::size_t i = 0; i < m_chosen.size(); ++i)
            if (m_chosen[i].name == matrix.name) return std::pow(2.0, static_cast<double>(i % 7));
        return nan;
    }

    SensitivityTable measure(const LossOf& lossOf, const Progress& progress = Progress()) {
        return measureSensitivity(m_model, m_chosen, m_options, lossOf, progress);
    }
    LossOf fake() {
        return [this](const plan::CompressionPlan& plan) { return fakeLoss(plan); };
    }

    fixtures::TempFolder m_folder;
    Checkpoint m_model;
    std::vector<WeightMatrix> m_chosen;
    SensitivityOptions m_options;
    int m_calls = 0;
};

TEST(SensitivityCut, IsTheLowestThatFits) {
    // Two matrices of 100 numbers. By loss: B 0.9 (0.1), B 0.5 (0.2), A 0.9 (0.3), A 0.5 (0.9).
    WeightMatrix matrix;
    matrix.rows = matrix.columns = matrix.rank = 10;
    const std::vector<WeightMatrix> two = {matrix, matrix};
    const auto row = [](std::size_t m, double share, double loss) {
        const auto parameters = static_cast<std::int64_t>(100 * share);
        return Sensitivity{m, share, {parameters / 10, parameters}, loss};
    };
    const std::vector<Sensitivity> rows = {row(0, 0.9, 0.3), row(0, 0.5, 0.9), row(1, 0.9, 0.1),
                                           row(1, 0.5, 0.2)};
    const auto parametersAt = [&](std::int64_t allowed) {
        std::vector<std::int64_t> parameters;
        const plan::Allocation cut = cutBySensitivity(two, rows, allowed);
        for (const plan::RankChoice& choice : cut.choices) parameters.push_back(choice.parameters);
        return parameters;
    };
    using Numbers = std::vector<std::int64_t>;
    EXPECT_EQ(parametersAt(200), (Numbers{100, 100}));
    EXPECT_TRUE(cutBySensitivity(two, rows, 200).choices[0].leftDense);
    EXPECT_EQ(parametersAt(199), (Numbers{100, 90}));
    EXPECT_EQ(parametersAt(160), (Numbers{100, 50}));
    EXPECT_EQ(parametersAt(149), (Numbers{90, 50}));
    EXPECT_EQ(parametersAt(139), (Numbers{50, 50}));
    EXPECT_EQ(parametersAt(100), (Numbers{50, 50}));
    EXPECT_THROW(parametersAt(99), Error);
}

TEST(SensitivityCut, AllowsAGroupTogetherByItsMeanLoss) {
    // As above, B of another type and A's twin C with losses 0.1 and 0.5. By mean loss: B 0.9
    // (0.1), A and C 0.9 (0.2), B 0.5 (0.3), A and C 0.5 (0.7).
    WeightMatrix matrix;
    matrix.rows = matrix.columns = matrix.rank = 10;
    std::vector<WeightMatrix> three(3, matrix);
    three[1].role = checkpoint::Role::K;
    const auto row = [](std::size_t m, double share, double loss) {
        const auto parameters = static_cast<std::int64_t>(100 * share);
        return Sensitivity{m, share, {parameters / 10, parameters}, loss};
    };
    const std::vector<Sensitivity> rows = {row(0, 0.9, 0.3), row(0, 0.5, 0.9), row(1, 0.9, 0.1),
                                           row(1, 0.5, 0.3), row(2, 0.9, 0.1), row(2, 0.5, 0.5)};
    plan::PlanOptions options;
    options.groups = "type";
    const auto parametersAt = [&](std::int64_t allowed) {
        std::vector<std::int64_t> parameters;
        for (const plan::RankChoice& c : cutBySensitivity(three, rows, allowed, options).choices)
            parameters.push_back(c.parameters);
        return parameters;
    };
    using Numbers = std::vector<std::int64_t>;
    EXPECT_EQ(parametersAt(300), (Numbers{100, 100, 100}));
    EXPECT_EQ(parametersAt(299), (Numbers{100, 90, 100}));
    EXPECT_EQ(parametersAt(289), (Numbers{90, 90, 90}));
    EXPECT_EQ(parametersAt(269), (Numbers{90, 50, 90}));
    EXPECT_EQ(parametersAt(229), (Numbers{50, 50, 50}));
    EXPECT_THROW(parametersAt(149), Error);
    // Rank 9 stores 9 · 20 - 81 = 99 at most: no matrix stays as it is.
    options.maxRank = 9;
    for (const plan::RankChoice& choice : cutBySensitivity(three, rows, 300, options).choices) {
        EXPECT_EQ(choice.parameters, 99);
        EXPECT_FALSE(choice.leftDense);
    }
}

TEST_F(SensitivitySearch, SparesWhatTheLossDependsOn) {
    const plan::CompressionPlan plan =
        planBySensitivity(m_model, m_chosen, m_options, fake(), Progress());
    EXPECT_EQ(plan.allocation, "sensitivity");
    EXPECT_TRUE(plan.warnings.empty());
    EXPECT_LE(plan.parameters.stored, plan::shareOf(0.8, m_model.denseParameterCount()));
    std::map<double, double> lowest, highest;  // share of the rank, by factor
    for (const plan::PlanEntry& entry : plan.entries) {
        const double share =
            static_cast<double>(entry.rank) / static_cast<double>(entry.matrix.fullRank());
        const double f = factor(entry.matrix);
        lowest[f] = lowest.contains(f) ? std::min(lowest[f], share) : share;
        highest[f] = std::max(highest[f], share);
    }
    ASSERT_EQ(lowest.size(), 7U);
    EXPECT_LT(highest[1], lowest[64]);
    // One threshold for all: nothing that is allowed is undone, and what is taken is below it.
    double taken = 0;
    for (const plan::PlanEntry& entry : plan.entries)
        if (!entry.kept) {
            const double lost =
                1 - static_cast<double>(entry.rank) / static_cast<double>(entry.matrix.fullRank());
            taken = std::max(taken, factor(entry.matrix) * lost * lost);
        }
    const SensitivityTable table = measure(fake());
    for (const Sensitivity& row : table.rows)
        if (row.loss - 1 < taken - 1e-12)
            EXPECT_LE(plan.entries[row.matrix].parametersStored, row.choice.parameters);
}

TEST_F(SensitivitySearch, GoesOnWhereItWasStopped) {
    m_options.journal = m_folder / "search.jsonl";
    const SensitivityTable whole = [&] {
        SensitivityOptions without = m_options;
        without.journal.clear();
        return measureSensitivity(m_model, m_chosen, without, fake(), Progress());
    }();
    const int all = std::exchange(m_calls, 0);
    EXPECT_TRUE(whole.complete);
    const SensitivityTable part = measure([this](const plan::CompressionPlan& plan) {
        if (m_calls == 40) throw Error("stopped", {}, ErrorKind::Interrupted);
        return fakeLoss(plan);
    });
    EXPECT_FALSE(part.complete);
    ASSERT_EQ(part.warnings.size(), 1U);
    EXPECT_THAT(part.warnings[0], HasSubstr("was stopped; "));
    // The losses so far still make a plan within the budget.
    const auto allowed = static_cast<std::int64_t>(m_chosen.size()) * 500;
    std::int64_t stored = 0;
    const plan::Allocation cut = cutBySensitivity(m_chosen, part.rows, allowed);
    for (const plan::RankChoice& choice : cut.choices) stored += choice.parameters;
    EXPECT_LE(stored, allowed);
    // A torn last line is measured again.
    const std::string journal = fixtures::readFile(m_options.journal);
    fixtures::writeFile(m_options.journal, journal.substr(0, journal.size() - 5));
    const SensitivityTable again = measure(fake());
    EXPECT_TRUE(again.complete);
    EXPECT_EQ(m_calls, all + 1);
    for (std::size_t i = 0; i < whole.rows.size(); ++i)
        EXPECT_EQ(again.rows[i].loss, whole.rows[i].loss);
    measure(fake());
    EXPECT_EQ(m_calls, all + 1);
    // Another search does not take these losses.
    m_options.key = {{"data", "other"}};
    EXPECT_THROW(measure(fake()), Error);
}

TEST_F(SensitivitySearch, EndsWhereItDiverges) {
    const auto diverging = [&](const plan::CompressionPlan& plan) {
        const std::string& name = plan.entries[0].matrix.name;
        ++m_calls;
        return name == m_chosen[0].name || name == m_chosen[2].name ? 1.0 : nan;
    };
    m_options.journal = m_folder / "search.jsonl";
    const SensitivityTable table = measure(diverging);
    EXPECT_FALSE(table.complete);
    ASSERT_EQ(table.warnings.size(), 1U);
    EXPECT_THAT(table.warnings[0], HasSubstr("no finite loss"));
    // Matrices 0 to 5: 3, 4 and 5 were silent in succession, 1 alone was not enough.
    EXPECT_THAT(table.warnings[0], HasSubstr(fmt::format("6 of {} ", m_chosen.size())));
    const int calls = m_calls;
    measure(diverging);  // NaN comes back from the journal
    EXPECT_EQ(m_calls, calls);
    // Those without a loss are the last to be compressed.
    std::int64_t dense = 0;
    for (const WeightMatrix& matrix : m_chosen) dense += matrix.rows * matrix.columns;
    const auto choices = cutBySensitivity(m_chosen, table.rows, dense - 1).choices;
    for (std::size_t i = 0; i < choices.size(); ++i) EXPECT_EQ(choices[i].leftDense, i != 0) << i;
}

TEST_F(SensitivitySearch, SharesLossesBetweenGroupsAndBounds) {
    // A loss is of one matrix at one rank, so one journal serves whatever ranks are permitted.
    m_options.plan.target.value = 0.75;
    SensitivityOptions bounded = m_options;
    bounded.plan.maxRank = 15;
    bounded.plan.groups = "type";
    const auto plan = [&](const SensitivityOptions& options) {
        return toJson(planBySensitivity(m_model, m_chosen, options, fake(), Progress()));
    };
    const Json alone = plan(m_options);
    const Json fresh = plan(bounded);
    EXPECT_NE(alone, fresh);
    m_options.journal = bounded.journal = m_folder / "search.jsonl";
    EXPECT_EQ(plan(m_options), alone);
    m_calls = 0;
    EXPECT_EQ(plan(bounded), fresh);
    EXPECT_LE(m_calls, static_cast<int>(m_chosen.size()));  // the rank of the cap, if that
    EXPECT_EQ(plan(m_options), alone);
    std::map<std::string, std::int64_t> ranks;
    for (std::size_t i = 0; i < m_chosen.size(); ++i) {
        const WeightMatrix& matrix = m_chosen[i];
        const auto rank = fresh["entries"][i]["rank"].get<std::int64_t>();
        EXPECT_LE(rank, 15);
        EXPECT_FALSE(fresh["entries"][i]["kept"].get<bool>());
        const std::string type =
            fmt::format("{} {} {}", checkpoint::stackName(matrix.stack),
                        static_cast<int>(matrix.sublayer), checkpoint::roleName(matrix.role));
        EXPECT_EQ(ranks.try_emplace(type, rank).first->second, rank) << type;
    }
    EXPECT_EQ(ranks.size(), 12U);  // q, k, v, o of three attentions
}

TEST_F(SensitivitySearch, RefusesABudgetBeforeItMeasures) {
    m_options.plan.target.value = 0.3;
    try {
        planBySensitivity(m_model, m_chosen, m_options, fake(), Progress());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        EXPECT_THAT(error.what(), HasSubstr("the permitted range is 0."));
    }
    EXPECT_EQ(m_calls, 0);
}

}  // namespace
}  // namespace rankscope::search
