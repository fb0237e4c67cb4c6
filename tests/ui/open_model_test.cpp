// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/open_model.h"

#include <gtest/gtest.h>

#include "tests/ui/ui_fixture.h"

namespace rankscope::ui {
namespace {

using uitest::OpenSession;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";
const std::string k0 = "encoder.block.0.layer.0.SelfAttention.k.weight";
const std::string v0 = "encoder.block.0.layer.0.SelfAttention.v.weight";

std::map<std::string, std::int64_t> ranksOf(const plan::CompressionPlan& plan) {
    std::map<std::string, std::int64_t> ranks;
    for (const auto& entry : plan.entries) ranks[entry.matrix.name] = entry.rank;
    return ranks;
}

TEST(OpenModel, APlanHasTheRanksAndTheMethodOfItsDraft) {
    const fixtures::TempFolder folder;
    OpenModel model =
        openModel(QString::fromStdString(fixtures::writeTinyT5(folder / "tiny").string()));
    EXPECT_EQ(nameOf(model), "tiny");
    EXPECT_FALSE(planOf(model));
    model.draft.ranks = {{q0, 5}, {k0, 5}, {v0, 9}};
    model.draft.method = "whitened";
    model.draft.calibrationFile = "/data/c.h5";
    const auto plan = planOf(model);
    ASSERT_TRUE(plan);
    EXPECT_EQ(ranksOf(*plan), model.draft.ranks);
    model.draft.origin = "whitened, 60 %";
    EXPECT_EQ(draftOf(*plan, plan::StorageChoice::Auto, "whitened, 60 %"), model.draft);
}

TEST(Session, EveryDraftHasARevisionAndAFileOfItsOwn) {
    OpenSession open;
    open.open();
    Session& session = open.session;
    session.setSelection({q0}, q0);
    session.setRank(5);
    const auto first = session.planRevision();
    const QString file = session.planFile();
    session.setRank(5);
    EXPECT_EQ(session.planRevision(), first);
    // Spectra that come in make the plan's errors known; the draft is the same.
    session.addSpectrum(*session.spectrum(q0));
    EXPECT_EQ(session.planRevision(), first);
    session.setRank(6);
    EXPECT_NE(session.planRevision(), first);
    EXPECT_NE(session.planFile(), file);
    session.clearAllRanks();
    EXPECT_TRUE(session.planFile().isEmpty());
}

TEST(Session, OpeningLeavesNothingOfTheFormerModelButHowMatricesAreStored) {
    OpenSession open;
    open.open();
    Session& session = open.session;
    session.setStorage(plan::StorageChoice::Pivoted);
    session.setSelection({q0}, q0);
    session.setRank(5);
    session.setCalibrationFile("/data/c.h5");
    const auto before = session.planRevision();
    ASSERT_TRUE(session.open(session.location()));
    EXPECT_FALSE(session.plan());
    EXPECT_TRUE(session.selection().empty());
    EXPECT_TRUE(session.spectra().empty());
    EXPECT_TRUE(session.calibrationFile().isEmpty());
    EXPECT_EQ(session.rank(), 1);
    EXPECT_EQ(session.storage(), plan::StorageChoice::Pivoted);
    EXPECT_NE(session.planRevision(), before);
}

}  // namespace
}  // namespace rankscope::ui
