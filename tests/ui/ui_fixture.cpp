// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/ui_fixture.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

namespace rankscope::uitest {

std::vector<double> halves(std::int64_t count) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(std::ldexp(1.0, static_cast<int>(-i)));
    }
    return values;
}

OpenSession::OpenSession() { session.setProgram(QString()); }

void OpenSession::open() {
    const auto model = fixtures::writeTinyT5(folder / "tiny");
    ASSERT_TRUE(session.open(QString::fromStdString(model.string())));
    for (const auto& matrix : session.linearMatrices()) {
        session.addSpectrum({matrix.name, matrix.rows, matrix.columns, halves(matrix.fullRank())});
    }
}

QString fakeProgram(const fixtures::TempFolder& folder, const std::string& body) {
    const auto path = folder / "fake-cli";
    fixtures::writeFile(path, "#!/bin/sh\n" + body);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return QString::fromStdString(path.string());
}

}  // namespace rankscope::uitest
