// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

#include "core/base/error.h"
#include "core/checkpoint/selection.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_options.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::plan {
namespace {

using checkpoint::Checkpoint;
using checkpoint::WeightMatrix;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = RankTarget::Kind;

/// The q of both encoder blocks [24, 32]; squares 16, 4, 4, 1 (energy 16/25, 20/25, 24/25, 1) and
/// 1, 1 (1/2, 1).
class RankBounds : public testing::Test {
 protected:
    RankBounds() {
        fixtures::writeTinyT5(m_folder.path());
        m_model = checkpoint::openCheckpoint(m_folder.path().string());
        m_chosen = checkpoint::selectMatrices(m_model.matrices(),
                                              {"encoder.block.*.SelfAttention.q.weight", ""});
        add(0, {4, 2, 2, 1});
        add(1, {1, 1});
    }
    void add(std::size_t place, std::vector<double> values) {
        values.resize(24, 0.0);
        const std::string& name = m_chosen.at(place).name;
        m_spectra.emplace(name, spectra::Spectrum(name, 24, 32, values));
    }
    CompressionPlan plan() const { return makePlan(m_model, m_chosen, m_spectra, options); }
    std::vector<std::int64_t> ranks() const {
        std::vector<std::int64_t> all;
        for (const PlanEntry& entry : plan().entries) all.push_back(entry.rank);
        return all;
    }
    std::string refusal() const {
        try {
            checkOptions(options);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            return error.what();
        }
        return {};
    }

    fixtures::TempFolder m_folder;
    Checkpoint m_model;
    std::vector<WeightMatrix> m_chosen;
    std::map<std::string, spectra::Spectrum> m_spectra;
    PlanOptions options;
};

TEST_F(RankBounds, ARatioIsCapped) {
    options.target = {Kind::Ratio, 1};
    EXPECT_TRUE(plan().entries[0].kept);
    options.maxRank = 23;
    EXPECT_THAT(ranks(), ElementsAre(23, 23));
    EXPECT_FALSE(plan().entries[0].kept);
    options.multipleOf = 8;
    EXPECT_THAT(ranks(), ElementsAre(16, 16));
    options.maxRank = 24;  // full
    EXPECT_TRUE(plan().entries[0].kept);
}

TEST_F(RankBounds, ABudgetIsCapped) {
    m_spectra.clear();
    add(0, std::vector<double>(24, 2.0));
    add(1, std::vector<double>(24, 1.0));
    options.target = {Kind::Budget, 1};
    options.maxRank = 20;
    for (const char* allocation : {"uniform", "energy", "effective-rank", "water-filling"}) {
        options.allocation = allocation;
        EXPECT_THAT(ranks(), ElementsAre(20, 20)) << allocation;
    }
}

TEST_F(RankBounds, WhatACapKeepsFromEnergyOrErrorIsCounted) {
    options.target = {Kind::Energy, 0.9};  // needs 3 and 2
    EXPECT_THAT(ranks(), ElementsAre(3, 2));
    options.maxRank = 3;
    EXPECT_THAT(plan().warnings, IsEmpty());
    options.maxRank = 2;
    EXPECT_THAT(ranks(), ElementsAre(2, 2));
    EXPECT_THAT(plan().warnings,
                ElementsAre("--max-rank 2 keeps 1 of 2 matrices from the energy of 0.9 that was "
                            "asked for."));
    options.maxRank = 1;
    options.target = {Kind::Error, 0.2};
    EXPECT_THAT(ranks(), ElementsAre(1, 1));
    EXPECT_THAT(plan().warnings, ElementsAre(HasSubstr("2 of 2 matrices from the relative error")));
    options.maxRank = 5;
    options.multipleOf = 4;  // up to 4
    EXPECT_THAT(ranks(), ElementsAre(4, 4));
    EXPECT_THAT(plan().warnings, IsEmpty());
}

TEST_F(RankBounds, AGroupHasTheEnergyForEachMember) {
    options.groups = "type";
    options.target = {Kind::Energy, 0.9};
    EXPECT_THAT(ranks(), ElementsAre(3, 3));
    options.maxRank = 2;
    EXPECT_THAT(ranks(), ElementsAre(2, 2));
    EXPECT_THAT(plan().warnings, ElementsAre(HasSubstr("1 of 2 matrices")));
}

TEST_F(RankBounds, RefuseWhatContradictsItself) {
    options.target = {Kind::Rank, 9};
    options.maxRank = 8;
    EXPECT_THAT(refusal(), HasSubstr("A rank of 9 is above --max-rank 8"));
    EXPECT_THROW(plan(), Error);
    options.target.value = 8;
    EXPECT_EQ(refusal(), "");
    options.minRank = 9;
    EXPECT_THAT(refusal(), HasSubstr("at least --min-rank 9 and at most --max-rank 8;"));
    options.minRank = 5;
    options.multipleOf = 3;
    EXPECT_EQ(refusal(), "");
    options.multipleOf = 9;
    EXPECT_THAT(refusal(), HasSubstr("and a multiple of 9"));
    options = {};
    options.minRank = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(refusal(), "");
    options.maxRank = 0;
    EXPECT_THAT(refusal(), HasSubstr("must be 1 or more"));
    options = {};
    options.groups = "magic";
    EXPECT_EQ(refusal(), "--groups: 'magic' is not one of none, type.");
    options = {};
    options.allocationError = "magic";
    EXPECT_EQ(refusal(), "--allocation-error: 'magic' is not one of relative, raw, loss.");
}

TEST(PlanOptions, AreDescribedOnce) {
    std::vector<std::string_view> names;
    for (const Option& option : planOptionTable()) names.push_back(option.name);
    EXPECT_THAT(names, testing::ElementsAre("rank", "ratio", "energy", "error", "budget", "method",
                                            "alpha", "ridge", "rarity", "refine", "refine-passes",
                                            "storage", "allocation", "allocation-error",
                                            "multiple-of", "min-rank", "max-rank", "groups"));
}

}  // namespace
}  // namespace rankscope::plan
