// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>

#include "ui/models/number_sort.h"
#include "ui/models/table_model.h"
#include "ui/pages/page.h"
#include "ui/pages/pareto/pareto_setup.h"
#include "ui/plots/front_plot.h"
#include "ui/widgets/job_progress.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// Loss and ROUGE against parameters for many settings: on the left what is tried, on the right
/// plot and table. A click on a point, or Enter on a row, makes it the plan.
class ParetoPage : public Page {
    Q_OBJECT
 public:
    explicit ParetoPage(Session* session, QWidget* parent = nullptr);
    std::optional<report::FigureRequest> figure() const override;
    QString whyNoFigure() const override;
    /// "pareto": the table.
    std::vector<NamedTable> tables() const override;
    QString exportFigure(const QString& name) override;

 private:
    QWidget* makeEmpty();
    QWidget* makeResults();
    void followRun();
    void showFront();
    void showReadout();
    void showPlanned();
    void choose(std::size_t point);
    void exportCsv();

    Session* m_session;
    FrontRun* m_run;
    ParetoSetup* m_setup;
    JobProgress* m_progress;
    QStackedWidget* m_stack;
    TableModel* m_model;
    NumberSort* m_sort;
    ResultTable* m_table;
    FrontPlot* m_plot;
    QLabel* m_heading;
    QLabel* m_readout;
    QLabel* m_planned;
};

}  // namespace rankscope::ui
