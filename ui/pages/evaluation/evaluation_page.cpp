// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/evaluation_page.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QMimeData>
#include <QSplitter>
#include <QVBoxLayout>

namespace rankscope::ui {

namespace {

/// The dropped folders; empty if anything else was dropped with them.
QStringList droppedFolders(const QMimeData* data) {
    QStringList folders;
    for (const QUrl& url : data->urls()) {
        if (!url.isLocalFile() || !QFileInfo(url.toLocalFile()).isDir()) return {};
        folders << url.toLocalFile();
    }
    return folders;
}

}  // namespace

EvaluationPage::EvaluationPage(Session* session, QWidget* parent)
    : Page(parent),
      m_session(session),
      m_setup(new EvaluationSetup(session, this)),
      m_progress(new JobProgress(tr("evaluation"),
                                 tr("Finished work is kept: Evaluate goes on from there."),
                                 session->evaluationJob(), this)),
      m_results(new EvaluationResults(session, this)),
      m_chart(new EvaluationChart(session, this)),
      m_randomVectors(new RandomVectorsPanel(session, this)),
      m_dialogues(new DialogueView(session, this)) {
    m_progress->setObjectName(QStringLiteral("progress"));
    setAcceptDrops(true);
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(makeSetupColumn(m_setup, m_progress, this));
    splitter->addWidget(makeRight());
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({310, 970});
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 6, 6);
    layout->addWidget(splitter);
    connect(m_setup, &EvaluationSetup::evaluateRequested, this, &EvaluationPage::evaluate);
    connect(session, &Session::evaluationChanged, this, &EvaluationPage::showEvaluation);
    connect(session, &Session::randomVectorsChanged, this, &EvaluationPage::showEvaluation);
    showEvaluation();
}

QWidget* EvaluationPage::makeRight() {
    auto* beside = new QSplitter(Qt::Horizontal, this);
    beside->setChildrenCollapsible(false);
    beside->addWidget(m_chart);
    beside->addWidget(m_randomVectors);
    beside->setSizes({520, 420});
    m_tabs = new QTabWidget(this);
    m_tabs->setObjectName(QStringLiteral("evaluationTabs"));
    m_tabs->setAccessibleName(tr("Chart or dialogues"));
    m_tabs->addTab(beside, tr("Chart and random vectors"));
    m_tabs->addTab(m_dialogues, tr("Dialogues"));
    for (QWidget* tab : std::initializer_list<QWidget*>{beside, m_dialogues})
        tab->setContentsMargins(6, 6, 6, 6);
    auto* right = new QSplitter(Qt::Vertical, this);
    right->setChildrenCollapsible(false);
    right->addWidget(m_results);
    right->addWidget(m_tabs);
    right->setSizes({220, 480});
    right->setStretchFactor(1, 1);
    return right;
}

void EvaluationPage::evaluate() {
    const EvaluationRequest request = m_setup->request();
    if (!request.planFile.isEmpty() && !m_session->writePlanFile()) return;
    m_session->startEvaluation(evaluateArguments(request));
}

QString EvaluationPage::whyNoFigure() const {
    return m_chart->isEmpty() ? tr("There is no chart to export yet.") : QString();
}

QString EvaluationPage::exportFigure(const QString&) { return m_chart->exportChart(); }

void EvaluationPage::showEvaluation() {
    const auto* evaluation = m_session->evaluation();
    const bool any = evaluation && !evaluation->samples.empty();
    m_tabs->setTabEnabled(1, any);
    m_tabs->setTabToolTip(1, any ? QString() : tr("Evaluate first"));
    // An empty chart leaves its place to the table beside it.
    m_chart->setVisible(evaluation || m_session->randomVectors().empty());
}

void EvaluationPage::dragEnterEvent(QDragEnterEvent* event) {
    if (!droppedFolders(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void EvaluationPage::dropEvent(QDropEvent* event) {
    const QStringList folders = droppedFolders(event->mimeData());
    for (const QString& folder : folders) m_setup->addFolder(folder);
    if (!folders.isEmpty()) event->acceptProposedAction();
}

}  // namespace rankscope::ui
