// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/one_job.h"

namespace rankscope::ui {

OneJob::OneJob(Session* session, QObject* parent) : QObject(parent), m_session(session) {}

Job* OneJob::start(const QString& title, const QStringList& arguments,
                   std::function<void(const Json&)> done) {
    if (m_job || m_session->program().isEmpty()) {
        return nullptr;
    }
    m_job = new Job(title, m_session->program(), arguments, this);
    connect(m_job, &Job::done, this, std::move(done));
    connect(m_job, &Job::warned, m_session, &Session::warned);
    connect(m_job, &Job::failed, m_session, &Session::failed);
    connect(m_job, &Job::ended, this, [this, job = m_job] {
        if (m_job == job) {
            m_job = nullptr;
        }
        emit ended();
    });
    connect(m_job, &Job::ended, m_job, &QObject::deleteLater);
    emit m_session->jobStarted(m_job);
    m_job->start();
    return m_job;
}

void OneJob::drop() {
    if (m_job) {
        m_job->disconnect(this);
        m_job->cancel();
        m_job = nullptr;
    }
}

}  // namespace rankscope::ui
