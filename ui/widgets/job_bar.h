// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QList>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QWidget>

#include "ui/session/job.h"

namespace rankscope::ui {

/// Progress of the running job in the status bar, with a button to cancel; hidden without one. Of
/// several it shows the one that was started last.
class JobBar : public QWidget {
    Q_OBJECT
 public:
    explicit JobBar(QWidget* parent = nullptr);
    void follow(Job* job);

 private:
    void showLast();

    QLabel* m_label;
    QProgressBar* m_progress;
    QPushButton* m_cancel;
    QPointer<Job> m_job;          // the one shown
    QList<QPointer<Job>> m_jobs;  // all that run, the newest last
};

}  // namespace rankscope::ui
