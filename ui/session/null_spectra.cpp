// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/null_spectra.h"

#include "core/report/analysis_tables.h"

namespace rankscope::ui {

namespace {

constexpr int repeats = 40;  // fewer hardly know a quantile of 97.5 %

}  // namespace

NullSpectra::NullSpectra(Session* session, QObject* parent) : MatrixResults(session, parent) {
    reportToSession();
}

QString NullSpectra::title(const QStringList& matrices) const {
    return tr("Permutations of %n matrices", nullptr, static_cast<int>(matrices.size()));
}

QStringList NullSpectra::words(const QStringList& matrices) const {
    return {QStringLiteral("spectrum"),      session().location(),     QStringLiteral("--targets"),
            matrices.join(QLatin1Char(',')), QStringLiteral("--null"), QString::number(repeats)};
}

void NullSpectra::read(const JsonReader& document) {
    for (const JsonReader& spectrum : document.at("spectra").elements())
        add(spectrum.at("name").text(), report::nullFromJson(spectrum.at("null")));
}

QString NullSpectra::cannotBeRead() const { return tr("The permutations could not be read: %1"); }

}  // namespace rankscope::ui
