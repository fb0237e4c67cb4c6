// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include "ui/session/job.h"

namespace rankscope::ui {

/// The place of one child process: at most one runs in it at a time, and whoever shows the work
/// follows the slot through all its jobs.
class JobSlot : public QObject {
    Q_OBJECT
 public:
    using QObject::QObject;

    bool isRunning() const { return m_job != nullptr; }
    /// Starts `program` with these words; false, and nothing started, while a job runs.
    bool start(const QString& title, const QString& program, const QStringList& words);
    /// Asks the job to stop; cancelled() follows when it has.
    void cancel();
    /// Stops the job, and nothing more is heard of it: cancelled() is sent at once.
    void drop();
    /// Warnings of the running job so far.
    QStringList warnings() const { return m_job ? m_job->warnings() : QStringList(); }

 signals:
    /// Before the job's process is started.
    void started(rankscope::ui::Job* job);
    /// A job was started, or the slot is free again: after done(), failed() or cancelled().
    void runningChanged();
    void progressed(double fraction, const QString& label);
    void warned(const QString& message);
    void spectrumFound(const rankscope::spectra::Spectrum& spectrum);
    void done(const rankscope::Json& result);
    void failed(const QString& message);
    void cancelled();

 private:
    Job* m_job = nullptr;
};

}  // namespace rankscope::ui
