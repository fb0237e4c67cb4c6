// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/alpha_bootstraps.h"

#include "core/report/analysis_tables.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

AlphaBootstraps::AlphaBootstraps(Session* session, QObject* parent)
    : MatrixResults(session, parent) {
    reportToSession();
}

QString AlphaBootstraps::title(const QStringList& matrices) const {
    return tr("Bootstrap of %1").arg(shortName(matrices.front().toStdString()));
}

QStringList AlphaBootstraps::words(const QStringList& matrices) const {
    return {QStringLiteral("spectrum"),    session().location(),
            QStringLiteral("--targets"),   matrices.join(QLatin1Char(',')),
            QStringLiteral("--power-law"), QStringLiteral("--alpha-bootstrap"),
            QString::number(resamples)};
}

void AlphaBootstraps::read(const JsonReader& document) {
    for (const JsonReader& spectrum : document.at("spectra").elements()) {
        add(spectrum.at("name").text(),
            report::alphaBootstrapFromJson(spectrum.at("power_law").at("bootstrap")));
    }
}

QString AlphaBootstraps::cannotBeRead() const { return tr("The bootstrap could not be read: %1"); }

}  // namespace rankscope::ui
