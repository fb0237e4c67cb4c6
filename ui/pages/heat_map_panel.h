// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTimer>
#include <QWidget>

#include "ui/plots/heat_map_plot.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// One number of every matrix whose spectrum is known, by layer and role, with a chooser of the
/// number. Follows the session while it is shown.
class HeatMapPanel : public QWidget {
    Q_OBJECT
 public:
    explicit HeatMapPanel(Session* session, QWidget* parent = nullptr);
    HeatMapPlot* plot() const { return m_plot; }
    QComboBox* chooser() const { return m_chooser; }
    /// The map as it stands; made now where it is not shown.
    report::HeatMap heatMap() const;

 signals:
    /// The user clicked a matrix's cell.
    void matrixChosen(const QString& name);

 protected:
    void showEvent(QShowEvent* event) override;

 private:
    void refreshSoon();
    void refresh();

    Session* m_session;
    QComboBox* m_chooser;
    QLabel* m_note;
    HeatMapPlot* m_plot;
    QTimer m_refreshTimer;
};

}  // namespace rankscope::ui
