// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/method_curves_page.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/method/method_curves.h"
#include "core/report/race_tables.h"
#include "ui/models/number_sort.h"
#include "ui/plots/method_series.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr int messageWidth = 460;

}  // namespace

MethodCurvesPage::MethodCurvesPage(Session* session, QWidget* parent)
    : Page(parent),
      m_session(session),
      m_results(new MethodCurvesResults(session, this)),
      m_model(new MethodCurvesModel(this)),
      m_heading(new QLabel(this)),
      m_stack(new QStackedWidget(this)),
      m_plot(new RankPlot(tr("Error of the methods on real activations against rank"), this)),
      m_table(new ResultTable(tr("Errors of the methods at the rank"), this)),
      m_note(new QLabel(this)) {
    m_note->setObjectName(QStringLiteral("note"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeAxesRow());
    layout->addWidget(m_stack, 1);
    m_stack->addWidget(makeMessagePage());
    m_stack->addWidget(makeCurvesPage());
    connect(session, &Session::selectionChanged, this, &MethodCurvesPage::refresh);
    connect(session, &Session::calibrationChanged, this, &MethodCurvesPage::refresh);
    connect(session, &Session::rankChanged, this, &MethodCurvesPage::showRank);
    connect(m_results, &MethodCurvesResults::changed, this, &MethodCurvesPage::refresh);
    connect(m_plot, &RankPlot::rankMoved, session, &Session::setRank);
}

QWidget* MethodCurvesPage::makeAxesRow() {
    auto* row = new QWidget(this);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    m_heading->setAccessibleName(tr("The matrix that methods are compared on"));
    m_heading->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_share = new QCheckBox(tr("D&ivide by svd"), row);
    m_share->setObjectName(QStringLiteral("share"));
    m_share->setToolTip(tr("Errors divided by those of svd on the same dialogues"));
    m_logValue = new QCheckBox(tr("Lo&g values"), row);
    m_logValue->setToolTip(tr("Logarithmic vertical axis"));
    m_logRank = new QCheckBox(tr("Log ran&ks"), row);
    m_logRank->setToolTip(tr("Logarithmic horizontal axis"));
    layout->addWidget(m_heading, 1);
    for (QCheckBox* box : {m_share, m_logValue, m_logRank}) {
        box->setAccessibleName(box->toolTip());
        layout->addWidget(box);
        connect(box, &QCheckBox::toggled, this, &MethodCurvesPage::drawCurves);
    }
    return row;
}

QWidget* MethodCurvesPage::makeMessagePage() {
    auto* page = new QWidget(this);
    m_message = new QLabel(page);
    m_message->setObjectName(QStringLiteral("message"));
    m_message->setAccessibleName(tr("Why no curves are shown"));
    m_message->setWordWrap(true);
    m_message->setMinimumWidth(messageWidth);
    m_message->setTextFormat(Qt::PlainText);
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_calibrate = new QPushButton(tr("Calibra&te…"), page);
    m_calibrate->setObjectName(QStringLiteral("calibrate"));
    m_calibrate->setToolTip(tr("Measures what the layers see on dialogues"));
    m_choose = new QPushButton(tr("&Use a calibration file…"), page);
    m_choose->setObjectName(QStringLiteral("choose"));
    m_choose->setToolTip(tr("A file that Calibrate… or `calibrate` wrote for this checkpoint"));
    m_again = new QPushButton(tr("Compute a&gain"), page);
    m_again->setObjectName(QStringLiteral("again"));
    m_progress = new JobProgress(tr("comparison of methods"), QString(), m_results->job(), page);
    auto* buttons = new QHBoxLayout;
    for (QPushButton* button : {m_calibrate, m_choose, m_again}) {
        button->setAccessibleName(button->text().remove(QLatin1Char('&')));
        buttons->addWidget(button);
    }
    buttons->addStretch();
    auto* column = new QVBoxLayout;
    column->addStretch(2);
    column->addWidget(m_message);
    column->addLayout(buttons);
    column->addWidget(m_progress);
    column->addStretch(3);
    auto* layout = new QHBoxLayout(page);
    layout->addStretch();
    layout->addLayout(column);
    layout->addStretch();
    connect(m_calibrate, &QPushButton::clicked, this, &MethodCurvesPage::calibrateRequested);
    connect(m_choose, &QPushButton::clicked, this, &MethodCurvesPage::calibrationFileRequested);
    connect(m_again, &QPushButton::clicked, m_results, &MethodCurvesResults::askAgain);
    return page;
}

QWidget* MethodCurvesPage::makeCurvesPage() {
    auto* page = new QWidget(this);
    auto* sort = new NumberSort(this);
    sort->setSourceModel(m_model);
    m_table->setModel(sort);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_note->setAccessibleName(tr("Notes on the curves"));
    m_note->setWordWrap(true);
    m_note->setTextFormat(Qt::PlainText);
    QFont small = m_note->font();
    small.setPointSizeF(small.pointSizeF() * 0.9);
    m_note->setFont(small);
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot, 1);
    layout->addWidget(m_table);
    layout->addWidget(m_note);
    return page;
}

report::AxesChoice MethodCurvesPage::axes() const {
    return {m_logRank->isChecked(), m_logValue->isChecked(), m_share->isChecked()};
}

void MethodCurvesPage::showEvent(QShowEvent* event) {
    Page::showEvent(event);
    refresh();
}

void MethodCurvesPage::refresh() {
    if (!isVisible()) return;
    const auto* matrix = m_session->currentMatrix();
    m_heading->setText(
        matrix
            ? tr("%1, %2 × %3").arg(shortName(matrix->name)).arg(matrix->rows).arg(matrix->columns)
            : QString());
    if (matrix) m_results->request(matrix->name);
    const auto* found = matrix ? m_results->of(matrix->name) : nullptr;
    for (QCheckBox* box : {m_share, m_logValue, m_logRank}) box->setVisible(found != nullptr);
    m_stack->setCurrentIndex(found ? 1 : 0);
    if (found) {
        m_shown = matrix->name;
        showCurves(*found);
    } else {
        m_shown.clear();
        m_model->setCurves({});
        showMessage();
    }
}

void MethodCurvesPage::showMessage() {
    const auto* matrix = m_session->currentMatrix();
    const bool calibrated = !m_session->calibrationFile().isEmpty();
    const QString problem = matrix ? m_results->problem(matrix->name) : QString();
    const bool running = m_results->job()->isRunning();
    m_calibrate->setVisible(!calibrated);
    m_choose->setVisible(!calibrated);
    m_again->setVisible(calibrated && !problem.isEmpty());
    m_progress->setVisible(calibrated && running);
    if (!matrix) {
        m_message->setText(tr("Select a matrix in the tree."));
    } else if (!calibrated) {
        m_message->setText(
            tr("How well does each method keep what this matrix does to real inputs? That needs a "
               "calibration: the inputs of every layer, measured once on dialogues. Errors are "
               "then shown on these and on held-out dialogues."));
    } else if (!problem.isEmpty()) {
        m_message->setText(problem);
    } else {
        m_message->setText(tr("All methods are run on %1.").arg(shortName(matrix->name)));
    }
}

void MethodCurvesPage::showCurves(const MatrixMethodCurves& found) {
    m_model->setCurves(found.curves);
    m_table->fit();
    m_table->setFixedHeight(m_table->horizontalHeader()->height() +
                            m_table->verticalHeader()->length() + 2 * m_table->frameWidth());
    QStringList notes = found.notes;
    notes.prepend(tr("%1: %2 calibration dialogues, which the factors were made from, and %3 held "
                     "out.")
                      .arg(QFileInfo(m_session->calibrationFile()).fileName())
                      .arg(found.samples)
                      .arg(found.heldOut));
    if (std::ranges::find(found.curves, "anchored", &method::MethodCurve::method) !=
        found.curves.end())
        notes << tr("anchored and compensated: here on the inputs of the uncompressed model.");
    m_note->setText(notes.join(QLatin1Char('\n')));
    m_note->setToolTip(m_session->calibrationFile());
    drawCurves();
}

void MethodCurvesPage::drawCurves() {
    if (m_model->curves().empty()) return;
    PlotData data = methodCurvesData(m_model->curves(), axes());
    data.largestRank = m_session->largestRank();
    m_plot->setPlotData(std::move(data), true);
    showRank();
}

void MethodCurvesPage::showRank() {
    if (!showsCurves()) return;
    m_model->setRank(m_session->rank());
    m_plot->setRank(m_session->rank(), methodCurvesReadout(m_model->curves(), m_session->rank()));
}

std::optional<report::FigureRequest> MethodCurvesPage::figure() const {
    if (!showsCurves()) return std::nullopt;
    report::MethodCurvesFigure figure{
        .curves = m_model->curves(), .rank = m_session->rank(), .axes = axes()};
    figure.views[0] = report::View{m_plot->xAxis->range().lower, m_plot->xAxis->range().upper,
                                   m_plot->yAxis->range().lower, m_plot->yAxis->range().upper};
    return report::FigureRequest{
        .title = tr("%1: %2").arg(m_session->modelName(), shortName(m_shown)).toStdString(),
        .figure = std::move(figure)};
}

QString MethodCurvesPage::whyNoFigure() const {
    return showsCurves() ? QString() : tr("There is no comparison of methods to export yet.");
}

std::vector<NamedTable> MethodCurvesPage::tables() const {
    return {{QStringLiteral("error"), report::raceCsv(m_model->curves())}};
}

}  // namespace rankscope::ui
