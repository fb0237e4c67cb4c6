// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/random_vectors_panel.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>
#include <algorithm>

#include "core/evaluate/random_vectors.h"
#include "ui/models/number_sort.h"
#include "ui/models/result_tables.h"

namespace rankscope::ui {

RandomVectorsPanel::RandomVectorsPanel(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(new TableModel(this)),
      m_table(new ResultTable(tr("Planned matrices on random vectors"), this)),
      m_options(new QFormLayout),
      m_start(new QPushButton(tr("Random &vectors"), this)),
      m_note(new QLabel(this)),
      m_progress(
          new JobProgress(tr("random vectors"), QString(), session->randomVectorsJob(), this)) {
    m_note->setObjectName(QStringLiteral("note"));
    m_table->setObjectName(QStringLiteral("vectors"));
    m_start->setObjectName(QStringLiteral("start"));
    auto* sort = new NumberSort(this);
    sort->setSourceModel(m_model);
    m_table->setModel(sort);
    m_table->verticalHeader()->hide();
    m_start->setAccessibleName(tr("Compare the current plan on random vectors"));
    m_note->setAccessibleName(tr("What the random vectors' table shows"));
    m_note->setWordWrap(true);
    auto* form = m_options.layout();
    form->setContentsMargins(0, 0, 0, 0);
    auto* row = new QHBoxLayout;
    row->addLayout(form, 1);
    row->addWidget(m_start, 0, Qt::AlignTop);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(row);
    for (const Option& option : evaluate::randomVectorsOptionTable()) m_options.add(option);
    layout->addWidget(m_note);
    layout->addWidget(m_progress);
    layout->addWidget(m_table, 1);
    layout->addStretch();  // while the table is hidden
    connect(m_start, &QPushButton::clicked, this, &RandomVectorsPanel::start);
    connect(session, &Session::planChanged, this, &RandomVectorsPanel::refresh);
    connect(session->randomVectorsJob(), &JobSlot::runningChanged, this,
            &RandomVectorsPanel::refresh);
    connect(session, &Session::randomVectorsChanged, this, &RandomVectorsPanel::showResults);
    showResults();
}

void RandomVectorsPanel::start() {
    QStringList options;
    for (const Option& option : evaluate::randomVectorsOptionTable()) {
        const QString value = m_options.value(std::string(option.name));
        if (!value.isEmpty())
            options << QString::fromStdString("--" + std::string(option.name)) << value;
    }
    m_session->startRandomVectors(options);
}

void RandomVectorsPanel::refresh() {
    m_start->setEnabled(m_session->plan() && !m_session->randomVectorsJob()->isRunning());
    m_start->setToolTip(m_session->plan() ? tr("W x against W′ x on the same random vectors x")
                                          : tr("Choose ranks on the Spectra page first"));
    const bool any = !m_session->randomVectors().empty();
    m_table->setVisible(any);
    if (!m_session->plan() && !any) {
        m_note->setText(
            tr("Choose ranks on the Spectra page; then see here what the current plan "
               "does to random vectors."));
    } else if (!any) {
        m_note->setText(tr("The current plan, original against compressed matrices."));
    } else if (m_session->randomVectorsFitPlan()) {
        const auto& results = m_session->randomVectors();
        const bool real = std::any_of(results.begin(), results.end(),
                                      [](const auto& one) { return one.onCalibration; });
        m_note->setText(
            tr("The current plan; predicted: √ of the kept energy.") +
            (real ? tr(" Calibration, held out: on the real inputs of the layer.") : QString()));
    } else {
        m_note->setText(tr("Of an earlier plan: the ranks were changed since."));
    }
}

void RandomVectorsPanel::showResults() {
    m_model->setTable(randomVectorsTable(m_session->randomVectors()));
    m_table->fit();
    refresh();
}

}  // namespace rankscope::ui
