// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/job_progress.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

namespace rankscope::ui {

JobProgress::JobProgress(const QString& name, QString resumeNote, JobSlot* slot, QWidget* parent)
    : QWidget(parent),
      m_resumeNote(std::move(resumeNote)),
      m_bar(new QProgressBar(this)),
      m_label(new QLabel(this)),
      m_time(new QLabel(this)),
      m_cancel(new QPushButton(tr("Cancel"), this)) {
    m_cancel->setObjectName(QStringLiteral("cancel"));
    m_time->setObjectName(QStringLiteral("time"));
    m_label->setObjectName(QStringLiteral("label"));
    m_bar->setObjectName(QStringLiteral("bar"));
    m_bar->setRange(0, 1000);
    m_bar->setAccessibleName(tr("Progress: %1").arg(name));
    m_label->setAccessibleName(tr("What is being done: %1").arg(name));
    m_label->setWordWrap(true);
    m_label->setTextFormat(Qt::PlainText);
    m_time->setAccessibleName(tr("Time left: %1").arg(name));
    m_cancel->setAccessibleName(tr("Cancel: %1").arg(name));
    auto* row = new QHBoxLayout;
    row->addWidget(m_bar, 1);
    row->addWidget(m_cancel);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(row);
    layout->addWidget(m_time);
    layout->addWidget(m_label);
    connectTo(slot);
    for (QWidget* part : std::initializer_list<QWidget*>{m_bar, m_cancel, m_time, m_label})
        part->hide();
}

void JobProgress::connectTo(JobSlot* slot) {
    connect(m_cancel, &QPushButton::clicked, slot, [this, slot] {
        slot->cancel();
        m_cancel->setEnabled(false);
        m_time->setText(tr("Stopping…"));
    });
    connect(slot, &JobSlot::started, this, &JobProgress::showStart);
    connect(slot, &JobSlot::progressed, this, &JobProgress::showProgress);
    connect(slot, &JobSlot::done, this, [this] {
        const double seconds = static_cast<double>(m_clock.elapsed()) / 1000;
        showEnd(seconds < 100 ? tr("Finished in %1 s.").arg(seconds, 0, 'f', 1)
                              : tr("Finished in %1 min.").arg(seconds / 60, 0, 'f', 1));
    });
    connect(slot, &JobSlot::failed, this,
            [this] { showEnd(tr("Failed: see the message above. %1").arg(m_resumeNote)); });
    connect(slot, &JobSlot::cancelled, this,
            [this] { showEnd(tr("Cancelled. %1").arg(m_resumeNote)); });
}

void JobProgress::showStart() {
    m_clock.start();
    m_left.start();
    m_bar->setValue(0);
    m_cancel->setEnabled(true);
    m_label->setText(tr("Starting…"));
    m_time->clear();
    for (QWidget* part : std::initializer_list<QWidget*>{m_bar, m_cancel, m_time, m_label})
        part->show();
}

void JobProgress::showProgress(double fraction, const QString& text) {
    m_bar->setValue(static_cast<int>(1000 * fraction));
    m_label->setText(text);
    m_left.report(fraction, static_cast<double>(m_clock.elapsed()) / 1000);
    if (m_cancel->isEnabled()) m_time->setText(m_left.text());
}

void JobProgress::showEnd(const QString& text) {
    m_bar->hide();
    m_cancel->hide();
    m_time->hide();
    m_label->setText(text.trimmed());
}

QWidget* makeSetupColumn(QWidget* setup, JobProgress* progress, QWidget* parent) {
    auto* content = new QWidget(parent);
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 6, 0);
    layout->addWidget(setup);
    layout->addWidget(progress);
    layout->addStretch();
    auto* scroll = new QScrollArea(parent);
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setMinimumWidth(content->minimumSizeHint().width() + 24);
    scroll->setFocusPolicy(Qt::NoFocus);
    return scroll;
}

}  // namespace rankscope::ui
