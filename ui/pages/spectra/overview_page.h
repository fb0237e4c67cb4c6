// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QTimer>
#include <map>
#include <string>

#include "ui/pages/page.h"
#include "ui/plots/heat_map_plot.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// One number of every matrix whose spectrum is known, by layer and role, with a chooser of the
/// number. Follows the session while it is shown.
class OverviewPage : public Page {
    Q_OBJECT
 public:
    explicit OverviewPage(Session* session, QWidget* parent = nullptr);
    /// A number by its name in report::heatMetrics(); the first if there is none of that name.
    void choose(const QString& metric);
    std::optional<report::FigureRequest> figure() const override;

 signals:
    /// The user clicked a matrix's cell.
    void matrixChosen(const QString& name);

 protected:
    void showEvent(QShowEvent* event) override;

 private:
    void followSession();
    void refreshSoon();
    void refresh();
    void showSelection();
    void forgetValues();
    double valueOf(const report::HeatMetric& metric, const spectra::Spectrum& spectrum);
    QString note(int known) const;

    Session* m_session;
    QComboBox* m_chooser;
    QLabel* m_note;
    HeatMapPlot* m_plot;
    QTimer m_refreshTimer;
    std::map<std::string, double> m_values;  // of the chosen metric; power laws take a moment
};

}  // namespace rankscope::ui
