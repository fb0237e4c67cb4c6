// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/pareto/pareto_page.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>
#include <optional>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/report/pareto_table.h"

namespace rankscope::ui {

namespace {

/// The place of a row in ParetoFront::points; nothing for the dense model, which stands first.
std::optional<std::size_t> pointOf(int row) {
    return row < 1 ? std::nullopt : std::optional(static_cast<std::size_t>(row - 1));
}

}  // namespace

ParetoPage::ParetoPage(Session* session, QWidget* parent)
    : Page(parent),
      m_session(session),
      m_run(new FrontRun(session, this)),
      m_setup(new ParetoSetup(session, m_run, this)),
      m_progress(
          new JobProgress(tr("Pareto front"),
                          tr("Work finished on data of your own is kept: Run goes on from there."),
                          m_run->job(), this)),
      m_stack(new QStackedWidget(this)),
      m_model(new TableModel(this)),
      m_sort(new NumberSort(this)),
      m_table(new ResultTable(tr("Settings and what they cost"), this)),
      m_plot(new FrontPlot(this)),
      m_heading(new QLabel(this)),
      m_readout(new QLabel(this)),
      m_planned(new QLabel(this)) {
    m_heading->setObjectName(QStringLiteral("heading"));
    m_planned->setObjectName(QStringLiteral("planned"));
    m_readout->setObjectName(QStringLiteral("readout"));
    m_progress->setObjectName(QStringLiteral("progress"));
    m_stack->addWidget(makeEmpty());
    m_stack->addWidget(makeResults());
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(makeSetupColumn(m_setup, m_progress, this));
    splitter->addWidget(m_stack);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({340, 940});
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 6, 6);
    layout->addWidget(splitter);
    followRun();
    showFront();
}

void ParetoPage::followRun() {
    connect(m_setup, &ParetoSetup::runRequested, this,
            [this] { m_run->start(m_setup->request()); });
    connect(m_run, &FrontRun::frontChanged, this, &ParetoPage::showFront);
    connect(m_run, &FrontRun::plannedChanged, this, &ParetoPage::showPlanned);
    connect(m_plot, &FrontPlot::currentChanged, this, &ParetoPage::showReadout);
    connect(m_plot, &FrontPlot::pointChosen, this, &ParetoPage::choose);
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) {
        if (const auto point = pointOf(m_sort->mapToSource(index).row())) choose(*point);
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) {
                if (index.isValid()) {
                    m_plot->setCurrent(pointOf(m_sort->mapToSource(index).row()));
                }
            });
}

QWidget* ParetoPage::makeEmpty() {
    auto* empty = new QLabel(
        tr("<h3>Which setting loses least at each size?</h3>"
           "<p>1. Tick methods and allocations, and choose the budgets: shares of the model's "
           "parameters.</p>"
           "<p>2. Choose a calibration, whose held-out dialogues are measured on, or dialogues of "
           "your own, for which ROUGE is measured too.</p>"
           "<p>3. Press <i>Run</i>. A click on a point of the plot then makes it the plan.</p>"),
        m_stack);
    empty->setAccessibleName(tr("What to do first"));
    empty->setWordWrap(true);
    empty->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    empty->setMargin(16);
    return empty;
}

QWidget* ParetoPage::makeResults() {
    m_sort->setSourceModel(m_model);
    m_table->setModel(m_sort);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setToolTip(tr("Enter or a double click makes the row the plan"));
    m_table->verticalHeader()->hide();
    m_heading->setAccessibleName(tr("What was measured"));
    m_heading->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_readout->setAccessibleName(tr("The chosen point"));
    m_readout->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_planned->setAccessibleName(tr("The point that is the plan"));
    m_planned->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* figure = new QPushButton(tr("E&xport figure…"), this);
    figure->setAccessibleName(tr("Export the figure"));
    auto* table = new QPushButton(tr("Export &CSV…"), this);
    table->setAccessibleName(tr("Export the table"));
    connect(figure, &QPushButton::clicked, this, [this] {
        try {
            exportFigure(m_session->modelName());
        } catch (const Error& error) {
            m_session->report(QString::fromStdString(error.what()));
        }
    });
    connect(table, &QPushButton::clicked, this, &ParetoPage::exportCsv);
    auto* row = new QHBoxLayout;
    row->addWidget(m_heading, 1);
    row->addWidget(figure);
    row->addWidget(table);
    auto* plots = new QWidget(this);
    auto* plotLayout = new QVBoxLayout(plots);
    plotLayout->setContentsMargins(0, 0, 0, 0);
    plotLayout->addLayout(row);
    plotLayout->addWidget(m_plot, 1);
    plotLayout->addWidget(m_readout);
    plotLayout->addWidget(m_planned);
    auto* results = new QSplitter(Qt::Vertical, m_stack);
    results->setChildrenCollapsible(false);
    results->addWidget(plots);
    results->addWidget(m_table);
    results->setSizes({480, 240});
    results->setStretchFactor(0, 1);
    return results;
}

void ParetoPage::showFront() {
    const auto* front = m_run->front();
    m_stack->setCurrentIndex(front ? 1 : 0);
    if (!front) {
        m_model->setTable({});
        return;
    }
    m_model->setTable(report::paretoTable(*front));
    m_table->fit();
    m_plot->setFront(*front);
    QString words = tr("%n settings", nullptr, static_cast<int>(front->points.size())) +
                    tr(", measured on %1").arg(QString::fromStdString(report::measuredOn(*front)));
    QStringList left;
    for (const std::string& sentence : front->skipped) left << QString::fromStdString(sentence);
    if (!left.isEmpty()) words += tr("; %n left out", nullptr, static_cast<int>(left.size()));
    m_heading->setText(words);
    m_heading->setToolTip(left.isEmpty() ? words : left.join(QLatin1Char('\n')));
    showReadout();
    showPlanned();
}

void ParetoPage::showReadout() {
    const QString text = m_plot->readout();
    m_readout->setText(text.isEmpty() ? tr("Point at a setting to read its numbers.") : text);
    m_readout->setToolTip(text);
    const auto point = m_plot->current();
    if (!point) return;
    const QModelIndex row = m_sort->mapFromSource(m_model->index(static_cast<int>(*point) + 1, 0));
    if (row.row() != m_table->currentIndex().row()) {
        const QSignalBlocker quiet(m_table->selectionModel());
        m_table->setCurrentIndex(row);
        m_table->selectRow(row.row());
        m_table->viewport()->update();
    }
}

void ParetoPage::showPlanned() {
    const auto point = m_run->planned();
    m_plot->setPlanned(point);
    m_planned->setText(point ? tr("Plan: %1. See Spectra for its ranks, Plan > Compress… to write "
                                  "it, Evaluation to measure it.")
                                   .arg(settingName(m_run->front()->points[*point]))
                             : tr("A click or Enter makes the point the plan."));
    m_planned->setToolTip(m_planned->text());
}

void ParetoPage::choose(std::size_t point) {
    if (const auto* front = m_run->front(); front && point < front->points.size())
        m_run->choose(point, settingName(front->points[point]));
}

std::optional<report::FigureRequest> ParetoPage::figure() const {
    const auto* front = m_run->front();
    if (!front) return std::nullopt;
    const QString title =
        tr("%1, measured on %2")
            .arg(m_session->modelName(), QString::fromStdString(report::measuredOn(*front)));
    return report::FigureRequest{.title = title.toStdString(),
                                 .figure = report::ParetoFigure{*front}};
}

QString ParetoPage::whyNoFigure() const {
    return m_run->front() ? QString() : tr("There is no front to export yet.");
}

std::vector<NamedTable> ParetoPage::tables() const {
    return {{QStringLiteral("pareto"),
             m_run->front() ? report::paretoCsv(*m_run->front()) : std::string()}};
}

QString ParetoPage::exportFigure(const QString& name) {
    return Page::exportFigure(name + QStringLiteral("-pareto"));
}

void ParetoPage::exportCsv() {
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save table"), m_session->modelName() + QStringLiteral("-pareto.csv"),
        tr("Tables (*.csv)"));
    if (path.isEmpty()) return;
    try {
        writeFileAtomically(path.toStdString(), tables().front().csv);
    } catch (const Error& error) {
        m_session->report(QString::fromStdString(error.what()));
    }
}

}  // namespace rankscope::ui
