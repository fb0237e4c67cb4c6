// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/alpha_bootstraps.h"

#include "core/report/analysis_tables.h"
#include "ui/plots/plot_series.h"

namespace rankscope::ui {

AlphaBootstraps::AlphaBootstraps(Session* session, QObject* parent)
    : QObject(parent), m_session(session) {
    connect(session, &Session::checkpointOpened, this, &AlphaBootstraps::forget);
}

void AlphaBootstraps::forget() {
    if (m_job) {
        m_job->disconnect(this);
        m_job->cancel();
        m_job = nullptr;
    }
    m_known.clear();
    emit changed();
}

const spectra::AlphaBootstrap* AlphaBootstraps::of(const std::string& matrix) const {
    const auto found = m_known.find(matrix);
    return found == m_known.end() ? nullptr : &found->second;
}

void AlphaBootstraps::request(const std::string& matrix) {
    if (m_job || m_session->program().isEmpty()) {
        return;
    }
    m_job = new Job(tr("Bootstrap of %1").arg(shortName(matrix)), m_session->program(),
                    {QStringLiteral("spectrum"), m_session->location(), QStringLiteral("--targets"),
                     QString::fromStdString(matrix), QStringLiteral("--power-law"),
                     QStringLiteral("--alpha-bootstrap"), QString::number(resamples)},
                    this);
    connect(m_job, &Job::done, this, &AlphaBootstraps::take);
    connect(m_job, &Job::failed, m_session, &Session::failed);
    connect(m_job, &Job::ended, this, [this, job = m_job] {
        if (m_job == job) {
            m_job = nullptr;
        }
        emit changed();
    });
    connect(m_job, &Job::ended, m_job, &QObject::deleteLater);
    emit m_session->jobStarted(m_job);
    m_job->start();
    emit changed();
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
