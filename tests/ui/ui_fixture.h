// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <functional>
#include <string>
#include <vector>

#include "core/spectra/spectrum.h"
#include "tests/fixtures/tiny_t5.h"
#include "ui/session/session.h"

namespace rankscope::uitest {

/// Singular values 2^-i, i = 0 … n-1: everything about them is known by hand.
std::vector<double> halves(std::int64_t count);

/// A session with a tiny T5 open, invented spectra for every matrix, and no child process.
struct OpenSession {
    OpenSession();
    fixtures::TempFolder folder;
    ui::Session session;
    /// Must be called once the widgets under test exist: opens the model, adds the spectra. Starts
    /// no child even where the session has a program.
    void open();
};

/// An executable shell script standing in for rankscope-cli; returns its path, another each time.
QString fakeProgram(const fixtures::TempFolder& folder, const std::string& body);

/// What a fake program does that runs `first` and goes on until it is interrupted, then runs
/// `last`. It can be interrupted before `first` begins.
std::string untilInterrupted(const std::string& first, const std::string& last = ":");

/// Handles events until the condition holds. False if it does not within `longest` milliseconds: a
/// limit for a test that would hang, not a measure of how long anything takes.
bool waitUntil(const std::function<bool()>& condition, int longest = 30'000);

/// Handles what is pending (layouts, drawing, deletions), and what that brings about, until nothing
/// is left.
void settle();

}  // namespace rankscope::uitest
