// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/compare_dialog.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLocale>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/report/comparison_table.h"
#include "ui/dialogs/export_dialog.h"
#include "ui/models/result_tables.h"
#include "ui/plots/compared_spectra.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// "0.123", or "–" past the end of a spectrum.
QString valueAt(const spectra::Spectrum& spectrum, std::int64_t index) {
    return index < 1 || index > spectrum.size()
               ? QStringLiteral("–")
               : QLocale::c().toString(
                     spectrum.singularValues()[static_cast<std::size_t>(index - 1)], 'g', 5);
}

}  // namespace

CompareDialog::CompareDialog(Session* session, QWidget* parent)
    : JobDialog(parent),
      m_session(session),
      m_location(session->location()),
      m_name(session->modelName()),
      m_progress(new JobProgress(tr("comparison"), QString(), &m_job, this)),
      m_error(new QLabel(this)),
      m_stack(new QStackedWidget(this)),
      m_model(new TableModel(this)),
      m_sort(new NumberSort(this)),
      m_table(new ResultTable(tr("Compared matrices"), this)),
      m_note(new QLabel(this)),
      m_logValue(new QCheckBox(tr("Lo&g values"), this)),
      m_plot(new RankPlot(tr("Singular values of A, B and A − B"), this)) {
    m_note->setObjectName(QStringLiteral("note"));
    setWindowTitle(tr("Compare %1 with…").arg(m_name));
    resize(1160, 740);
    m_error->setAccessibleName(tr("Error"));
    m_error->setWordWrap(true);
    m_error->setTextFormat(Qt::PlainText);
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_error->setStyleSheet(QStringLiteral("color:#8a1c08"));
    m_error->hide();
    auto* empty = new QLabel(
        tr("<p>Choose a second checkpoint of the same shape: fine-tuned, another seed, or "
           "compressed by this program.</p><p>Of every matrix you then see how far the two are "
           "apart, the rank of their difference, and the angles between their leading singular "
           "subspaces.</p>"),
        m_stack);
    empty->setAccessibleName(tr("What to do first"));
    empty->setWordWrap(true);
    empty->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_stack->addWidget(empty);
    m_stack->addWidget(makeResults());
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(makeForm());
    layout->addWidget(m_progress);
    layout->addWidget(m_error);
    layout->addWidget(m_stack, 1);
    connect(&m_job, &JobSlot::done, this, &CompareDialog::take);
    connect(&m_job, &JobSlot::failed, this, &CompareDialog::showError);
    connect(&m_job, &JobSlot::runningChanged, this, &CompareDialog::refresh);
    refresh();
}

QWidget* CompareDialog::makeForm() {
    auto* box = new QWidget(this);
    auto* layout = new QHBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    m_other = new QLineEdit(box);
    m_other->setObjectName(QStringLiteral("other"));
    m_other->setAccessibleName(tr("The other checkpoint, B"));
    m_other->setPlaceholderText(tr("folder, weights file, or Hub id in the local cache"));
    auto* browse = new QPushButton(tr("&Browse…"), box);
    browse->setAccessibleName(tr("Choose the other checkpoint's folder"));
    browse->setAutoDefault(false);
    m_targets = new QComboBox(box);
    m_targets->setAccessibleName(tr("Matrices"));
    m_targets->addItem(tr("all linear matrices"), QString());
    m_targets->addItem(tr("attention"), QStringLiteral("attention"));
    m_targets->addItem(tr("feed-forward"), QStringLiteral("ffn"));
    m_directions = new QSpinBox(box);
    m_directions->setAccessibleName(tr("Directions"));
    m_directions->setToolTip(tr("Leading singular directions whose subspaces are compared"));
    m_directions->setRange(1, 100000);
    m_directions->setValue(16);
    m_compare = new QPushButton(tr("&Compare"), box);
    m_compare->setObjectName(QStringLiteral("compare"));
    m_compare->setAccessibleName(tr("Compare"));
    m_compare->setDefault(true);
    const auto add = [&](const QString& name, QWidget* field, int stretch) {
        auto* label = new QLabel(name, box);
        label->setBuddy(field);
        layout->addWidget(label);
        layout->addWidget(field, stretch);
    };
    add(tr("&B"), m_other, 1);
    layout->addWidget(browse);
    add(tr("&Matrices"), m_targets, 0);
    add(tr("&Directions"), m_directions, 0);
    layout->addWidget(m_compare);
    connect(browse, &QPushButton::clicked, this, [this] {
        const QString path = QFileDialog::getExistingDirectory(this, tr("The other checkpoint"));
        m_other->setText(path.isEmpty() ? m_other->text() : path);
    });
    connect(m_other, &QLineEdit::textChanged, this, &CompareDialog::refresh);
    connect(m_compare, &QPushButton::clicked, this, &CompareDialog::start);
    return box;
}

QWidget* CompareDialog::makeResults() {
    m_model->setTable(comparisonTable({}));
    m_sort->setSourceModel(m_model);
    m_table->setModel(m_sort);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->verticalHeader()->hide();
    for (const int shape : {1, 2})  // in the name's tool tip: the rest needs the room
        m_table->hideColumn(shape);
    m_note->setAccessibleName(tr("What the table shows"));
    m_note->setWordWrap(true);
    m_logValue->setAccessibleName(tr("Logarithmic vertical axis"));
    m_logValue->setChecked(true);
    m_plot->setToolTip(
        tr("Drag the line, or use Left, Right (with Shift: 10), Home and End, to read values.\n"
           "Drag elsewhere to move, turn the wheel to zoom, double-click to show all."));
    auto* figure = new QPushButton(tr("E&xport figure…"), this);
    figure->setAccessibleName(tr("Export the figure"));
    auto* table = new QPushButton(tr("Export C&SV…"), this);
    table->setAccessibleName(tr("Export the table"));
    for (QPushButton* button : {figure, table}) button->setAutoDefault(false);
    auto* row = new QHBoxLayout;
    row->addWidget(m_note, 1);
    row->addWidget(m_logValue);
    row->addWidget(figure);
    row->addWidget(table);
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(m_table);
    splitter->addWidget(m_plot);
    splitter->setSizes({260, 360});
    auto* results = new QWidget(m_stack);
    auto* layout = new QVBoxLayout(results);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(row);
    layout->addWidget(splitter, 1);
    connect(figure, &QPushButton::clicked, this, &CompareDialog::exportFigure);
    connect(table, &QPushButton::clicked, this, &CompareDialog::exportCsv);
    connect(m_logValue, &QCheckBox::toggled, this, &CompareDialog::showMatrix);
    connect(m_plot, &RankPlot::rankMoved, this, &CompareDialog::showReadout);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &CompareDialog::showMatrix);
    return results;
}

QStringList CompareDialog::arguments() const {
    QStringList words{QStringLiteral("compare"), m_location, m_other->text().trimmed()};
    if (const QString targets = m_targets->currentData().toString(); !targets.isEmpty())
        words << QStringLiteral("--targets") << targets;
    return words << QStringLiteral("--directions") << QString::number(m_directions->value());
}

void CompareDialog::start() {
    if (m_other->text().trimmed().isEmpty() || m_session->program().isEmpty()) return;
    m_error->hide();
    m_job.start(tr("Compare"), m_session->program(), arguments());
}

void CompareDialog::showError(const QString& message) {
    m_error->setText(message);
    m_error->show();
}

void CompareDialog::take(const Json& document) {
    std::vector<spectra::MatrixComparison> matrices;
    QStringList skipped;
    try {
        const JsonReader result(document, tr("the result").toStdString(),
                                tr("Compare again.").toStdString());
        for (const JsonReader& matrix : result.at("matrices").elements())
            matrices.push_back(report::comparisonFromJson(matrix));
        for (const JsonReader& one : result.at("skipped").elements()) {
            skipped << QString::fromStdString(printable(one.at("name").text()) + ": " +
                                              one.at("reason").text());
        }
    } catch (const Error& problem) {
        showError(
            tr("The comparison could not be read: %1").arg(QString::fromUtf8(problem.what())));
        return;
    }
    m_comparedWith = m_other->text().trimmed();
    QString words = tr("A: %1, B: %2; %3 matrices")
                        .arg(m_name, QFileInfo(m_comparedWith).fileName())
                        .arg(matrices.size());
    if (!skipped.isEmpty())
        words += tr(", %n not compared", nullptr, static_cast<int>(skipped.size()));
    m_note->setText(words);
    m_note->setToolTip(skipped.isEmpty() ? m_comparedWith : skipped.join(QLatin1Char('\n')));
    m_matrices = std::move(matrices);
    m_model->setTable(comparisonTable(m_matrices));
    m_table->fit();
    m_stack->setCurrentIndex(1);
    m_index = m_matrices.empty() ? 1 : m_matrices.front().a.size() / 2;
    m_table->selectRow(0);
    showMatrix();
}

const spectra::MatrixComparison* CompareDialog::selected() const {
    const QModelIndex index = m_sort->mapToSource(m_table->currentIndex());
    const auto row = static_cast<std::size_t>(index.row());
    return index.isValid() && row < m_matrices.size() ? &m_matrices[row] : nullptr;
}

void CompareDialog::showMatrix() {
    const auto* matrix = selected();
    if (!matrix) return;
    report::AxesChoice axes;
    axes.logValue = m_logValue->isChecked();
    m_plot->setPlotData(comparedData(*matrix, axes), false);
    showReadout(std::clamp<std::int64_t>(m_index, 1, matrix->a.size()));
}

void CompareDialog::showReadout(std::int64_t index) {
    const auto* matrix = selected();
    if (!matrix) return;
    m_index = index;
    m_plot->setRank(index, tr("%1\ni = %2   σ of A %3, of B %4, of A − B %5")
                               .arg(shortName(matrix->name))
                               .arg(index)
                               .arg(valueAt(matrix->a, index), valueAt(matrix->b, index),
                                    valueAt(matrix->difference, index)));
}

void CompareDialog::refresh() {
    const bool named = !m_other->text().trimmed().isEmpty();
    m_compare->setEnabled(named && !m_job.isRunning());
    m_compare->setToolTip(named ? tr("Runs rankscope-cli compare")
                                : tr("Name the other checkpoint first"));
}

report::FigureRequest CompareDialog::figure() const {
    report::ComparisonFigure figure;
    figure.axes.logValue = m_logValue->isChecked();
    QString title;
    if (const auto* matrix = selected()) {
        figure.matrices = {*matrix};
        title = tr("A: %1, B: %2").arg(m_name, QFileInfo(m_comparedWith).fileName());
    }
    return {.title = title.toStdString(), .figure = std::move(figure)};
}

std::string CompareDialog::csv() const { return report::comparisonCsv(m_matrices); }

void CompareDialog::exportFigure() {
    try {
        ui::exportFigure(figure(), m_name + QStringLiteral("-compared.pdf"), this);
    } catch (const Error& error) {
        showError(QString::fromStdString(error.what()));
    }
}

void CompareDialog::exportCsv() {
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save table"), m_name + QStringLiteral("-compared.csv"), tr("Tables (*.csv)"));
    if (path.isEmpty()) return;
    try {
        writeFileAtomically(path.toStdString(), csv());
    } catch (const Error& error) {
        showError(QString::fromStdString(error.what()));
    }
}

}  // namespace rankscope::ui
