// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/job_bar.h"

#include <QHBoxLayout>

namespace rankscope::ui {

JobBar::JobBar(QWidget* parent)
    : QWidget(parent),
      m_label(new QLabel(this)),
      m_progress(new QProgressBar(this)),
      m_cancel(new QPushButton(tr("Cancel"), this)) {
    m_progress->setObjectName(QStringLiteral("bar"));
    m_cancel->setObjectName(QStringLiteral("cancel"));
    m_label->setAccessibleName(tr("Running job"));
    m_progress->setAccessibleName(tr("Progress of the running job"));
    m_progress->setRange(0, 1000);
    m_progress->setFixedWidth(180);
    m_cancel->setAccessibleName(tr("Cancel the running job"));
    m_cancel->setToolTip(tr("Stops the job; what it finished stays"));
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_label);
    layout->addWidget(m_progress);
    layout->addWidget(m_cancel);
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (m_job) {
            m_job->cancel();
            m_cancel->setEnabled(false);
            m_label->setText(tr("Stopping…"));
        }
    });
    hide();
}

void JobBar::follow(Job* job) {
    m_jobs << job;
    connect(job, &Job::progressed, this, [this, job](double fraction, const QString& label) {
        if (m_job == job) {
            m_progress->setValue(static_cast<int>(1000 * fraction));
            m_progress->setToolTip(label);
        }
    });
    connect(job, &Job::ended, this, [this, job] {
        m_jobs.removeAll(job);
        showLast();
    });
    showLast();
}

void JobBar::showLast() {
    m_jobs.removeAll(nullptr);
    Job* job = m_jobs.isEmpty() ? nullptr : m_jobs.back().data();
    if (job && m_job != job) {
        m_label->setText(job->title());
        m_progress->setValue(0);
        m_progress->setToolTip(QString());
        m_cancel->setEnabled(true);
    }
    m_job = job;
    setVisible(job != nullptr);
}

}  // namespace rankscope::ui
