// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_slot.h"

#include <gtest/gtest.h>

#include <QTest>

#include "tests/ui/ui_fixture.h"
#include "ui/session/null_spectra.h"

namespace rankscope::ui {
namespace {

using uitest::fakeProgram;

const std::string q0 = "encoder.block.0.layer.0.SelfAttention.q.weight";

/// What a slot sends, in order.
void record(JobSlot& slot, QStringList& seen) {
    QObject::connect(&slot, &JobSlot::started, [&] { seen << "started"; });
    QObject::connect(&slot, &JobSlot::runningChanged,
                     [&] { seen << (slot.isRunning() ? "running" : "free"); });
    QObject::connect(&slot, &JobSlot::done, [&] { seen << "done"; });
    QObject::connect(&slot, &JobSlot::failed, [&] { seen << "failed"; });
    QObject::connect(&slot, &JobSlot::cancelled, [&] { seen << "cancelled"; });
}

TEST(JobSlot, RunsOneJobAtATimeAndIsFreeAfterIt) {
    const fixtures::TempFolder folder;
    JobSlot slot;
    QStringList seen;
    record(slot, seen);
    const QString program = fakeProgram(folder, "echo '{\"event\":\"done\",\"result\":{}}'\n");
    EXPECT_TRUE(slot.start("first", program, {}));
    EXPECT_FALSE(slot.start("second", program, {}));
    ASSERT_TRUE(uitest::waitUntil([&] { return !slot.isRunning(); }));
    EXPECT_EQ(seen, (QStringList{"started", "running", "done", "free"}));
    EXPECT_TRUE(slot.start("third", program, {}));
}

TEST(JobSlot, OfADroppedJobNothingMoreIsHeard) {
    const fixtures::TempFolder folder;
    JobSlot slot;
    QStringList seen;
    slot.start("first", fakeProgram(folder, uitest::untilInterrupted(":")), {});
    record(slot, seen);
    slot.drop();
    EXPECT_EQ(seen, (QStringList{"cancelled", "free"}));
    EXPECT_TRUE(slot.start("second", "/nowhere/rankscope-cli", {}));
    ASSERT_TRUE(uitest::waitUntil([&] { return !slot.isRunning(); }));
    EXPECT_EQ(seen.mid(2), (QStringList{"started", "running", "failed", "free"}));
}

TEST(MatrixResults, WhatFailedIsAskedForOnlyAfterAskAgain) {
    uitest::OpenSession open;
    open.open();
    NullSpectra nulls(&open.session);
    QStringList said;
    QObject::connect(&open.session, &Session::failed, [&](const QString& text) { said << text; });
    const auto request = [&](const std::string& body) {
        open.session.setProgram(fakeProgram(open.folder, body));
        nulls.request({q0});
        const bool asked = nulls.job()->isRunning();
        EXPECT_TRUE(uitest::waitUntil([&] { return !nulls.job()->isRunning(); }));
        return asked;
    };
    EXPECT_TRUE(request("echo '{\"event\":\"error\",\"message\":\"No.\"}'\nexit 1\n"));
    EXPECT_EQ(nulls.problem(q0), "No.");
    EXPECT_EQ(said, QStringList{"No."});
    EXPECT_FALSE(request("exit 0\n"));
    nulls.askAgain();
    EXPECT_TRUE(request("echo '{\"event\":\"done\",\"result\":{\"spectra\":[]}}'\n"));
    EXPECT_EQ(nulls.problem(q0), "The result held nothing of this matrix.");
    nulls.askAgain();
    EXPECT_TRUE(request("echo '{\"event\":\"done\",\"result\":{}}'\n"));
    EXPECT_TRUE(said.last().startsWith("The permutations could not be read: "));
    EXPECT_TRUE(nulls.known().empty());
    // Another checkpoint: nothing is known of it, and no problem either.
    open.session.setProgram(QString());
    open.open();
    EXPECT_TRUE(nulls.problem(q0).isEmpty());
}

}  // namespace
}  // namespace rankscope::ui
