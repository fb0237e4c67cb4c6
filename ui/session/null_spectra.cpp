// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/null_spectra.h"

#include "core/base/error.h"
#include "core/report/analysis_tables.h"

namespace rankscope::ui {

namespace {

constexpr int repeats = 40;  // fewer hardly know a quantile of 97.5 %

}  // namespace

NullSpectra::NullSpectra(Session* session, QObject* parent)
    : QObject(parent), m_session(session), m_job(session) {
    connect(&m_job, &OneJob::ended, this, &NullSpectra::changed);
    connect(session, &Session::checkpointOpened, this, &NullSpectra::forget);
}

void NullSpectra::forget() {
    m_job.drop();
    m_known.clear();
    m_asked.clear();
}

void NullSpectra::askAgain() {
    std::erase_if(m_asked, [this](const std::string& name) { return !m_known.contains(name); });
}

void NullSpectra::request(const std::vector<std::string>& names) {
    QStringList missing;
    for (const std::string& name : names) {
        if (!m_asked.contains(name)) {
            missing << QString::fromStdString(name);
        }
    }
    if (m_job.job() || missing.isEmpty() || m_session->program().isEmpty()) {
        return;
    }
    for (const QString& name : missing) {
        m_asked.insert(name.toStdString());
    }
    m_job.start(
        tr("Permutations of %n matrices", nullptr, static_cast<int>(missing.size())),
        {QStringLiteral("spectrum"), m_session->location(), QStringLiteral("--targets"),
         missing.join(QLatin1Char(',')), QStringLiteral("--null"), QString::number(repeats)},
        [this](const Json& document) { take(document); });
}

void NullSpectra::take(const Json& document) {
    try {
        for (const Json& spectrum : document.at("spectra")) {
            m_known.insert_or_assign(spectrum.at("name").get<std::string>(),
                                     report::nullFromJson(spectrum.at("null")));
        }
    } catch (const std::exception& problem) {
        emit m_session->failed(
            tr("The permutations could not be read: %1").arg(QString::fromUtf8(problem.what())));
    }
    emit changed();
}

}  // namespace rankscope::ui
