// SPDX-License-Identifier: GPL-3.0-or-later
// Times one move of the rank of all linear matrices in the window: until plan, panels and curves
// know it, and until that is drawn. Spectra are invented, so that nothing is computed.
//
//     rankscope-bench-window [CHECKPOINT [MOVES]]
#include <fmt/format.h>

#include <QApplication>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "ui/main_window.h"

namespace {

using namespace rankscope;

void openWithSpectra(ui::Session& session, const char* checkpoint) {
    session.setProgram(QString());
    if (!session.open(QString::fromLocal8Bit(checkpoint)))
        throw Error(std::string(checkpoint) + " cannot be opened.");
    std::vector<std::string> names;
    for (const auto& matrix : session.linearMatrices()) {
        std::vector<double> values;
        for (std::int64_t i = 0; i < matrix.fullRank(); ++i)
            values.push_back(1 / std::sqrt(1.0 + static_cast<double>(i)));
        session.addSpectrum({matrix.name, matrix.rows, matrix.columns, values});
        names.push_back(matrix.name);
    }
    session.setSelection(names, names.front());
}

void print(const char* what, std::vector<double> milliseconds) {
    std::ranges::sort(milliseconds);
    fmt::print("{:8} {:7.2f} ms ({:.2f} to {:.2f})\n", what, milliseconds[milliseconds.size() / 2],
               milliseconds.front(), milliseconds.back());
}

void measure(const char* checkpoint, int moves) {
    using Clock = std::chrono::steady_clock;
    using Milliseconds = std::chrono::duration<double, std::milli>;
    ui::Session session;
    ui::MainWindow window(&session);
    window.show();
    openWithSpectra(session, checkpoint);
    QApplication::processEvents();
    std::vector<double> known, drawn;
    for (int i = 0; i < moves; ++i) {
        const auto start = Clock::now();
        session.setRank(1 + i % session.largestRank());
        known.push_back(Milliseconds(Clock::now() - start).count());
        QApplication::processEvents();
        drawn.push_back(Milliseconds(Clock::now() - start).count());
    }
    fmt::print("{} matrices, {} moves\n", session.selection().size(), moves);
    print("known", known);
    print("drawn", drawn);
}

}  // namespace

int main(int argc, char** argv) {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    const QApplication app(argc, argv);
    try {
        measure(argc > 1 ? argv[1] : "demo", argc > 2 ? std::max(1, std::atoi(argv[2])) : 100);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
