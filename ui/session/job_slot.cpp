// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_slot.h"

namespace rankscope::ui {

bool JobSlot::start(const QString& title, const QString& program, const QStringList& words) {
    if (m_job) return false;
    Job* const job = new Job(title, program, words, this);
    m_job = job;
    connect(job, &Job::progressed, this, &JobSlot::progressed);
    connect(job, &Job::warned, this, &JobSlot::warned);
    connect(job, &Job::spectrumFound, this, &JobSlot::spectrumFound);
    connect(job, &Job::done, this, &JobSlot::done);
    connect(job, &Job::failed, this, &JobSlot::failed);
    connect(job, &Job::cancelled, this, &JobSlot::cancelled);
    connect(job, &Job::ended, this, [this] {
        m_job = nullptr;
        emit runningChanged();
    });
    connect(job, &Job::ended, job, &QObject::deleteLater);
    emit started(job);
    job->start();
    emit runningChanged();
    return true;
}

void JobSlot::cancel() {
    if (m_job) m_job->cancel();
}

void JobSlot::drop() {
    if (!m_job) return;
    m_job->disconnect(this);
    m_job->cancel();
    m_job = nullptr;
    emit cancelled();
    emit runningChanged();
}

}  // namespace rankscope::ui
