// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/race_results.h"

#include "core/base/error.h"
#include "core/method/method_curves.h"
#include "core/report/race_tables.h"

namespace rankscope::ui {

RaceResults::RaceResults(Session* session, QObject* parent) : QObject(parent), m_session(session) {
    connect(session, &Session::checkpointOpened, this, &RaceResults::forget);
    connect(session, &Session::calibrationChanged, this, &RaceResults::forget);
}

void RaceResults::forget() {
    if (m_job) {
        m_job->disconnect(this);
        m_job->cancel();
        m_job = nullptr;
    }
    m_known.clear();
    m_notes.clear();
    m_problems.clear();
    m_samples = m_heldOut = 0;
    emit changed();
}

const std::vector<method::MethodCurve>* RaceResults::of(const std::string& matrix) const {
    const auto found = m_known.find(matrix);
    return found == m_known.end() ? nullptr : &found->second;
}

QStringList RaceResults::notes(const std::string& matrix) const {
    const auto found = m_notes.find(matrix);
    return found == m_notes.end() ? QStringList() : found->second;
}

QString RaceResults::problem(const std::string& matrix) const {
    const auto found = m_problems.find(matrix);
    return found == m_problems.end() ? QString() : found->second;
}

void RaceResults::askAgain() {
    m_problems.clear();
    emit changed();
}

void RaceResults::request(const std::string& matrix) {
    const auto* asked =
        m_session->checkpoint() ? m_session->checkpoint()->findMatrix(matrix) : nullptr;
    if (!asked || m_session->calibrationFile().isEmpty() || m_session->program().isEmpty() ||
        m_known.contains(matrix) || m_problems.contains(matrix)) {
        return;
    }
    if (m_job) {
        if (m_running != matrix && !m_superseded) {
            m_superseded = true;
            m_job->cancel();
        }
        return;
    }
    m_running = matrix;
    m_superseded = false;
    m_job = new Job(tr("Race of methods"), m_session->program(),
                    {QStringLiteral("curve"), m_session->location(), QStringLiteral("--targets"),
                     QString::fromStdString(matrix), QStringLiteral("--calibration"),
                     m_session->calibrationFile(), QStringLiteral("--ranks"),
                     QStringLiteral("0:%1:1").arg(asked->fullRank())},
                    this);
    follow(m_job, matrix);
    emit m_session->jobStarted(m_job);
    emit started(m_job);
    m_job->start();
}

void RaceResults::follow(Job* job, const std::string& matrix) {
    connect(job, &Job::done, this, [this, job, matrix](const Json& document) {
        m_notes[matrix] = job->warnings();
        take(document);
        if (!m_known.contains(matrix)) {
            m_problems[matrix] = tr("The result held nothing of this matrix.");
        }
    });
    connect(job, &Job::failed, this,
            [this, matrix](const QString& message) { m_problems[matrix] = message; });
    connect(job, &Job::cancelled, this, [this, matrix] {
        if (!m_superseded) {
            m_problems[matrix] = tr("Stopped.");
        }
    });
    connect(job, &Job::ended, this, [this] {
        m_job = nullptr;
        m_superseded = false;
        emit changed();
    });
    connect(job, &Job::ended, job, &QObject::deleteLater);
}

void RaceResults::take(const Json& document) {
    try {
        std::map<std::string, std::vector<method::MethodCurve>> found;
        for (const Json& element : document.at("race")) {
            method::MethodCurve curve = report::raceCurveFromJson(element);
            found[curve.name].push_back(std::move(curve));
        }
        m_samples = document.at("calibration").at("samples").get<std::int64_t>();
        m_heldOut = document.at("calibration").at("held_out").get<std::int64_t>();
        for (auto& [name, curves] : found) {
            m_known[name] = std::move(curves);
        }
    } catch (const std::exception& problem) {
        emit m_session->failed(
            tr("The race could not be read: %1").arg(QString::fromUtf8(problem.what())));
    }
    emit changed();
}

}  // namespace rankscope::ui
