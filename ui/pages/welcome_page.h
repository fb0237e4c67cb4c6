// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPushButton>
#include <QVBoxLayout>
#include <QWidget>

#include "ui/session/recent_files.h"

namespace rankscope::ui {

/// Shown while nothing is open: what to do first.
class WelcomePage : public QWidget {
    Q_OBJECT
 public:
    explicit WelcomePage(QWidget* parent = nullptr);
    void showRecent(const QStringList& paths);

 signals:
    void openRequested();
    void pathRequested(const QString& path);

 private:
    QPushButton* m_demo;
    QWidget* m_recent;
    QVBoxLayout* m_recentLayout;
};

}  // namespace rankscope::ui
