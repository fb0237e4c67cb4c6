// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/alpha_bootstraps.h"

#include "core/report/analysis_tables.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

AlphaBootstraps::AlphaBootstraps(Session* session, QObject* parent)
    : QObject(parent), m_session(session), m_job(session) {
    connect(session, &Session::checkpointOpened, this, &AlphaBootstraps::forget);
    connect(&m_job, &OneJob::ended, this, &AlphaBootstraps::changed);
}

void AlphaBootstraps::forget() {
    m_job.drop();
    m_known.clear();
    emit changed();
}

const spectra::AlphaBootstrap* AlphaBootstraps::of(const std::string& matrix) const {
    const auto found = m_known.find(matrix);
    return found == m_known.end() ? nullptr : &found->second;
}

void AlphaBootstraps::request(const std::string& matrix) {
    const QStringList words{QStringLiteral("spectrum"),    m_session->location(),
                            QStringLiteral("--targets"),   QString::fromStdString(matrix),
                            QStringLiteral("--power-law"), QStringLiteral("--alpha-bootstrap"),
                            QString::number(resamples)};
    if (m_job.start(tr("Bootstrap of %1").arg(shortName(matrix)), words,
                    [this](const Json& document) { take(document); })) {
        emit changed();
    }
}

void AlphaBootstraps::take(const Json& document) {
    try {
        for (const Json& spectrum : document.at("spectra")) {
            m_known.insert_or_assign(
                spectrum.at("name").get<std::string>(),
                report::alphaBootstrapFromJson(spectrum.at("power_law").at("bootstrap")));
        }
    } catch (const std::exception& problem) {
        emit m_session->failed(
            tr("The bootstrap could not be read: %1").arg(QString::fromUtf8(problem.what())));
    }
}

}  // namespace rankscope::ui
