// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/ui_fixture.h"

#include <gtest/gtest.h>

#include <QAbstractEventDispatcher>
#include <QCoreApplication>
#include <QEvent>
#include <QTest>
#include <cmath>
#include <filesystem>

namespace rankscope::uitest {

std::vector<double> halves(std::int64_t count) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i)
        values.push_back(std::ldexp(1.0, static_cast<int>(-i)));
    return values;
}

OpenSession::OpenSession() { session.setProgram(QString()); }

void OpenSession::open() {
    const auto model = fixtures::writeTinyT5(folder / "tiny");
    const QString program = session.program();
    session.setProgram(QString());  // a child of opening would do what the test's own one does
    ASSERT_TRUE(session.open(QString::fromStdString(model.string())));
    session.setProgram(program);
    for (const auto& matrix : session.linearMatrices())
        session.addSpectrum({matrix.name, matrix.rows, matrix.columns, halves(matrix.fullRank())});
}

QString fakeProgram(const fixtures::TempFolder& folder, const std::string& body) {
    static int programs = 0;  // a shell reads its script while it runs: none is written over
    const auto path = folder / ("fake-cli-" + std::to_string(++programs));
    fixtures::writeFile(path, "#!/bin/sh\n" + body);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return QString::fromStdString(path.string());
}

std::string untilInterrupted(const std::string& first, const std::string& last) {
    // The shell looks for a signal after each command, so none of them may take long.
    return "trap '" + last + "; exit 130' INT\n" + first + "\nwhile :; do sleep 0.05; done\n";
}

bool waitUntil(const std::function<bool()>& condition, int longest) {
    return QTest::qWaitFor(condition, longest);
}

void settle() {
    bool handled = true;
    while (handled) {
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
        handled = QAbstractEventDispatcher::instance()->processEvents(QEventLoop::AllEvents);
    }
}

}  // namespace rankscope::uitest
