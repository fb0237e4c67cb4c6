// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QGroupBox>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QWidget>

#include "ui/session/session.h"

namespace rankscope::ui {

/// The meaning of the rank line: numbers of the selection, and parameters of the whole model.
class PlanPanel : public QWidget {
    Q_OBJECT
 public:
    explicit PlanPanel(Session* session, QWidget* parent = nullptr);

 signals:
    void compressRequested();

 private:
    QGroupBox* makeSelectionBox();
    QGroupBox* makeModelBox();
    QGroupBox* makeCalibrationBox();
    void showSelection();
    void showPlan();
    void showWhatIsForetold();

    Session* m_session;
    QLabel* m_selected = nullptr;
    QSpinBox* m_rank = nullptr;
    QLabel* m_energy = nullptr;
    QLabel* m_error = nullptr;
    QLabel* m_cosine = nullptr;
    QLabel* m_breakEven = nullptr;
    QComboBox* m_storage = nullptr;
    QPushButton* m_clear = nullptr;
    QLabel* m_planned = nullptr;
    QLabel* m_method = nullptr;
    QLabel* m_dense = nullptr;
    QLabel* m_stored = nullptr;
    QLabel* m_factored = nullptr;
    QLabel* m_pivoted = nullptr;
    QLabel* m_post = nullptr;
    QLabel* m_calibration = nullptr;
    QPushButton* m_compress = nullptr;
};

}  // namespace rankscope::ui
