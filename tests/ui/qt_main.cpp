// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>

#include <QApplication>

#include "tests/fixtures/own_home.h"

/// Tests of the window run without a display.
int main(int argc, char** argv) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    const QApplication app(argc, argv);
    ::testing::InitGoogleMock(&argc, argv);
    rankscope::fixtures::useOwnHomes();
    return RUN_ALL_TESTS();
}
