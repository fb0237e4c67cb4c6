// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/evaluation_chart.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "core/base/error.h"
#include "core/report/evaluation_table.h"
#include "core/report/figure_choices.h"
#include "ui/plots/plot_export.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

EvaluationChart::EvaluationChart(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_metric(new QComboBox(this)),
      m_show(new QComboBox(this)),
      m_export(new QPushButton(tr("E&xport chart…"), this)),
      m_plot(new BarPlot(tr("Bar chart of the runs"), this)),
      m_empty(new QLabel(tr("Bars with 95 % intervals appear here."), this)) {
    m_show->setObjectName(QStringLiteral("show"));
    m_metric->setObjectName(QStringLiteral("metric"));
    m_empty->setAccessibleName(tr("What will be here"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_metric->setAccessibleName(tr("Metric of the chart"));
    m_metric->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_show->setAccessibleName(tr("What the bars are"));
    m_show->addItem(tr("values"));
    m_show->addItem(tr("differences to the baseline"));
    m_export->setAccessibleName(tr("Export the chart"));
    m_export->setToolTip(tr("Writes the chart as PNG, PDF or SVG, 160 × 100 mm"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_metric);
    row->addWidget(m_show);
    row->addStretch();
    row->addWidget(m_export);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(row);
    layout->addWidget(m_plot, 1);
    layout->addWidget(m_empty, 1);
    connect(m_metric, &QComboBox::currentIndexChanged, this, &EvaluationChart::draw);
    connect(m_show, &QComboBox::currentIndexChanged, this, &EvaluationChart::draw);
    connect(m_export, &QPushButton::clicked, this, [this] {
        try {
            exportChart();
        } catch (const Error& error) {
            m_session->report(QString::fromStdString(error.what()));
        }
    });
    connect(session, &Session::evaluationChanged, this, &EvaluationChart::fillMetrics);
    fillMetrics();
}

void EvaluationChart::fillMetrics() {
    {
        const QSignalBlocker quiet(m_metric);
        const QString before = m_metric->currentData().toString();
        m_metric->clear();
        const auto* evaluation = m_session->evaluation();
        const auto cells = evaluation ? report::evaluationCells(*evaluation)
                                      : std::vector<std::vector<report::EvaluationCell>>();
        for (const std::size_t c : report::filledColumns(cells)) {
            const auto& column = report::evaluationColumns()[c];
            m_metric->addItem(toQString(column.title), toQString(column.key));
            m_metric->setItemData(m_metric->count() - 1, toQString(column.help), Qt::ToolTipRole);
        }
        int wanted = m_metric->findData(before);
        for (const char* usual : {"rouge1", "loss"})
            wanted = wanted < 0 ? m_metric->findData(QLatin1String(usual)) : wanted;
        m_metric->setCurrentIndex(std::max(0, wanted));
    }
    draw();
}

void EvaluationChart::draw() {
    const auto* evaluation = m_session->evaluation();
    const std::string key = m_metric->currentData().toString().toStdString();
    const bool any = evaluation && !evaluation->runs.empty() && !key.empty();
    for (QWidget* part : std::initializer_list<QWidget*>{m_metric, m_show, m_export})
        part->setEnabled(any);
    m_plot->setVisible(any);
    m_empty->setVisible(!any);
    if (!any) {
        m_plot->setBars({});
        return;
    }
    m_plot->setBars(m_show->currentIndex() == 0 ? valueBars(*evaluation, key)
                                                : differenceBars(*evaluation, key));
}

void EvaluationChart::writeTo(const QString& path) {
    writeFigure(*m_plot, path, report::FigureSize{}, m_plot->bars().yTitle.simplified());
}

QString EvaluationChart::exportChart() {
    QString path = QFileDialog::getSaveFileName(this, tr("Save chart"),
                                                m_session->modelName() + QLatin1Char('-') +
                                                    m_metric->currentData().toString() +
                                                    QStringLiteral(".pdf"),
                                                tr("Figures (*.pdf *.svg *.png)"));
    if (!path.isEmpty()) writeTo(path);
    return path;
}

}  // namespace rankscope::ui
