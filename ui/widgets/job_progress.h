// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QWidget>

#include "ui/session/job_slot.h"
#include "ui/session/time_left.h"

namespace rankscope::ui {

/// The progress of a slot's jobs within a page: bar, what is being done, time left, Cancel;
/// afterwards one line that says how it ended.
class JobProgress : public QWidget {
    Q_OBJECT
 public:
    /// `resumeNote` is said where the job was cancelled or failed: what was finished, and what to
    /// do.
    JobProgress(const QString& name, QString resumeNote, JobSlot* slot, QWidget* parent = nullptr);

 private:
    void connectTo(JobSlot* slot);
    void showStart();
    void showProgress(double fraction, const QString& text);
    void showEnd(const QString& text);

    QString m_resumeNote;
    QProgressBar* m_bar;
    QLabel* m_label;
    QLabel* m_time;
    QPushButton* m_cancel;
    QElapsedTimer m_clock;
    TimeLeft m_left;
};

/// The left column of a page that runs jobs: its form and the progress below, scrolled where the
/// window is low.
QWidget* makeSetupColumn(QWidget* setup, JobProgress* progress, QWidget* parent);

}  // namespace rankscope::ui
