// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QWidget>

#include "ui/session/job.h"

namespace rankscope::ui {

/// Progress of the running job in the status bar, with a button to cancel; hidden without one.
class JobBar : public QWidget {
    Q_OBJECT
 public:
    explicit JobBar(QWidget* parent = nullptr);
    void follow(Job* job);
    QPushButton* cancelButton() const { return m_cancel; }
    QProgressBar* progressBar() const { return m_progress; }

 private:
    QLabel* m_label;
    QProgressBar* m_progress;
    QPushButton* m_cancel;
    QPointer<Job> m_job;
};

}  // namespace rankscope::ui
