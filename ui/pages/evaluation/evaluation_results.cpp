// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/evaluation_results.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>

#include "core/evaluate/evaluation.h"
#include "core/report/evaluation_table.h"
#include "ui/models/result_tables.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QString headingOf(const evaluate::Evaluation& evaluation) {
    const auto& baseline = evaluation.runs.front();
    QString words = QObject::tr("%1 dialogues").arg(grouped(baseline.samples));
    if (baseline.truncatedSources > 0)
        words += QObject::tr(", %1 cut").arg(grouped(baseline.truncatedSources));
    words +=
        QObject::tr("; %1, %2. ")
            .arg(QString::fromStdString(baseline.device), QString::fromStdString(baseline.compute));
    return words + (evaluation.runs.size() > 1
                        ? QObject::tr("Below each value: difference to the baseline [paired 95 % "
                                      "interval]; ▲ ▼ and bold: the interval leaves out 0.")
                        : QObject::tr("Add compressed folders to see differences."));
}

}  // namespace

EvaluationResults::EvaluationResults(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(new TableModel(this)),
      m_sort(new NumberSort(this)),
      m_table(new ResultTable(tr("Results of the runs"), this)),
      m_stack(new QStackedWidget(this)),
      m_heading(new QLabel(this)) {
    m_heading->setObjectName(QStringLiteral("heading"));
    m_table->setObjectName(QStringLiteral("results"));
    m_sort->setSourceModel(m_model);
    m_table->setModel(m_sort);
    m_table->verticalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_heading->setAccessibleName(tr("What the table shows"));
    m_heading->setWordWrap(true);
    auto* results = new QWidget(m_stack);
    auto* layout = new QVBoxLayout(results);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(makeButtons());
    layout->addWidget(m_table, 1);
    m_stack->addWidget(makeEmpty());
    m_stack->addWidget(results);
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(m_stack);
    connect(session, &Session::evaluationChanged, this, &EvaluationResults::show);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &EvaluationResults::refreshPin);
    show();
}

QWidget* EvaluationResults::makeEmpty() {
    m_empty = new QLabel(
        tr("<h3>Nothing evaluated yet</h3>"
           "<p>1. The opened checkpoint is the baseline. Add the folders that <i>Compress…</i> "
           "wrote, or drop them here; or tick the current plan.</p>"
           "<p>2. Choose the dialogues: the demo's, or a file of your own.</p>"
           "<p>3. Press <i>Evaluate</i>. It can be cancelled at any time and goes on where it "
           "was.</p>"),
        m_stack);
    m_empty->setObjectName(QStringLiteral("empty"));
    m_empty->setAccessibleName(tr("What to do first"));
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_empty->setMargin(16);
    return m_empty;
}

QLayout* EvaluationResults::makeButtons() {
    m_pin = new QPushButton(tr("P&in as baseline"), this);
    m_pin->setObjectName(QStringLiteral("pin"));
    m_pin->setAccessibleName(tr("Pin the selected run as baseline"));
    m_copy = new QPushButton(tr("Cop&y table"), this);
    m_copy->setAccessibleName(tr("Copy the whole table"));
    m_copy->setToolTip(tr("Ctrl+C in the table copies the selected cells"));
    m_copyMenu = new QMenu(m_copy);
    m_copyMenu->setObjectName(QStringLiteral("copyMenu"));
    const auto add = [this](const QString& name, auto toText) {
        m_copyMenu->addAction(name, this, [this, toText] {
            if (const auto* evaluation = m_session->evaluation())
                QApplication::clipboard()->setText(QString::fromStdString(toText(*evaluation)));
        });
    };
    add(tr("as &TSV"), &report::evaluationTsv);
    add(tr("as &Markdown"), &report::evaluationMarkdown);
    add(tr("as &LaTeX"), &report::evaluationLatex);
    m_copy->setMenu(m_copyMenu);
    auto* row = new QHBoxLayout;
    row->addWidget(m_heading, 1);
    row->addWidget(m_pin);
    row->addWidget(m_copy);
    connect(m_pin, &QPushButton::clicked, this, [this] {
        if (const int run = currentRun(); run > 0)
            m_session->pinBaseline(static_cast<std::size_t>(run));
    });
    return row;
}

int EvaluationResults::currentRun() const {
    const QModelIndex current = m_table->currentIndex();
    return current.isValid() ? m_sort->mapToSource(current).row() : -1;
}

void EvaluationResults::refreshPin() {
    const bool possible = m_session->canPinBaseline();
    m_pin->setEnabled(possible && currentRun() > 0);
    m_pin->setToolTip(
        possible ? tr("Shows every difference to the selected run instead")
                 : tr("Needs at least two runs and every dialogue's result (--per-sample)"));
}

void EvaluationResults::show() {
    const auto* evaluation = m_session->evaluation();
    const bool any = evaluation && !evaluation->runs.empty();
    if (any)
        m_model->setTable(evaluationTable(*evaluation), runTitles(*evaluation));
    else
        m_model->setTable({});
    m_stack->setCurrentIndex(any ? 1 : 0);
    if (any) {
        m_heading->setText(headingOf(*evaluation));
        m_table->fit();
    }
    refreshPin();
}

}  // namespace rankscope::ui
