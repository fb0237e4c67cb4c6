// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/matrix_results.h"

#include "core/base/error.h"

namespace rankscope::ui {

MatrixRequests::MatrixRequests(Session* session, QObject* parent)
    : QObject(parent), m_session(session) {
    connect(&m_job, &JobSlot::done, this, &MatrixRequests::take);
    connect(&m_job, &JobSlot::failed, this, &MatrixRequests::setProblem);
    connect(&m_job, &JobSlot::cancelled, this, [this] { setProblem(tr("Stopped.")); });
    connect(&m_job, &JobSlot::runningChanged, this, [this] {
        if (!m_job.isRunning()) emit changed();
    });
    connect(session, &Session::checkpointOpened, this, &MatrixRequests::forget);
}

void MatrixRequests::reportToSession() {
    connect(&m_job, &JobSlot::warned, m_session, &Session::warn);
    connect(&m_job, &JobSlot::failed, m_session, &Session::report);
}

QString MatrixRequests::problem(const std::string& matrix) const {
    const auto found = m_problems.find(matrix);
    return found == m_problems.end() ? QString() : found->second;
}

void MatrixRequests::request(const std::vector<std::string>& matrices) {
    std::vector<std::string> missing;
    QStringList names;
    for (const std::string& matrix : matrices) {
        if (!knows(matrix) && !m_problems.contains(matrix)) {
            missing.push_back(matrix);
            names << QString::fromStdString(matrix);
        }
    }
    if (m_job.isRunning() || missing.empty()) return;
    m_running = std::move(missing);
    m_session->startJob(m_job, title(names), words(names));
}

void MatrixRequests::askAgain() {
    m_problems.clear();
    emit changed();
}

void MatrixRequests::forget() {
    m_running.clear();
    m_problems.clear();
    forgetResults();
    m_job.drop();
    emit changed();
}

void MatrixRequests::giveWay() {
    m_running.clear();
    m_job.cancel();
}

void MatrixRequests::setProblem(const QString& sentence) {
    for (const std::string& matrix : m_running) m_problems[matrix] = sentence;
}

void MatrixRequests::take(const Json& document) {
    try {
        read(JsonReader(document, tr("the result").toStdString(), tr("Try again.").toStdString()));
    } catch (const Error& problem) {
        m_session->report(cannotBeRead().arg(QString::fromUtf8(problem.what())));
    }
    for (const std::string& matrix : m_running)
        if (!knows(matrix)) m_problems[matrix] = tr("The result held nothing of this matrix.");
}

}  // namespace rankscope::ui
