// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QSplitter>
#include <QStatusBar>
#include <QToolButton>
#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "ui/dialogs/compare_dialog.h"
#include "ui/dialogs/compress_dialog.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QString droppedPath(const QMimeData* data) {
    const auto urls = data->urls();
    if (urls.size() != 1 || !urls.front().isLocalFile()) return {};
    const QFileInfo info(urls.front().toLocalFile());
    const bool weights = info.fileName().endsWith(QLatin1String(".safetensors")) ||
                         info.fileName().endsWith(QLatin1String(".safetensors.index.json"));
    return info.isDir() || weights ? info.absoluteFilePath() : QString();
}

}  // namespace

MainWindow::MainWindow(Session* session, QWidget* parent)
    : QMainWindow(parent),
      m_session(session),
      m_pages(new QStackedWidget(this)),
      m_welcome(new WelcomePage(m_pages)),
      m_matrices(new MatrixPanel(session, this)),
      m_spectra(new SpectraPage(session, this)),
      m_plan(new PlanPanel(session, this)),
      m_evaluation(new EvaluationPage(session, this)),
      m_pareto(new ParetoPage(session, this)),
      m_tabs(makeTabs()),
      m_jobBar(new JobBar(this)),
      m_messageBar(makeMessageBar()),
      m_calibration(new CalibrationMenu(session, this)) {
    setWindowTitle(tr("Rankscope"));
    resize(1280, 800);
    setAcceptDrops(true);
    m_pages->addWidget(m_welcome);
    m_pages->addWidget(makeWorkbench());
    m_pages->addWidget(m_evaluation);
    m_pages->addWidget(m_pareto);
    auto* central = new QWidget(this);
    auto* layout = new QVBoxLayout(central);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_messageBar);
    layout->addWidget(m_tabs);
    layout->addWidget(m_pages, 1);
    setCentralWidget(central);
    statusBar()->addPermanentWidget(m_jobBar);
    makeMenus();
    m_welcome->showRecent(session->recentFiles().paths());
    connect(m_welcome, &WelcomePage::openRequested, this, &MainWindow::chooseFolder);
    connect(m_welcome, &WelcomePage::pathRequested, session, &Session::open);
    connect(m_plan, &PlanPanel::compressRequested, this, &MainWindow::showCompress);
    connect(m_spectra, &SpectraPage::matrixChosen, m_matrices,
            [this](const QString& name) { m_matrices->selectMatrix(name.toStdString()); });
    connect(m_spectra, &SpectraPage::calibrateRequested, m_calibration,
            &CalibrationMenu::calibrate);
    connect(m_spectra, &SpectraPage::calibrationFileRequested, m_calibration,
            &CalibrationMenu::chooseFile);
    connect(session, &Session::checkpointOpened, this, &MainWindow::showCheckpoint);
    connect(session, &Session::jobStarted, m_jobBar, &JobBar::follow);
    connect(session, &Session::failed, this, [this](const QString& t) { showMessage(t, true); });
    connect(session, &Session::warned, this, [this](const QString& t) { showMessage(t, false); });
}

QWidget* MainWindow::makeWorkbench() {
    auto* workbench = new QSplitter(Qt::Horizontal, m_pages);
    workbench->setChildrenCollapsible(false);
    workbench->addWidget(m_matrices);
    workbench->addWidget(m_spectra);
    workbench->addWidget(m_plan);
    workbench->setStretchFactor(1, 1);
    workbench->setSizes({365, 635, 280});
    return workbench;
}

QTabBar* MainWindow::makeTabs() {
    auto* tabs = new QTabBar(this);
    tabs->setObjectName(QStringLiteral("pages"));
    tabs->setAccessibleName(tr("Page"));
    tabs->addTab(tr("Spectra"));
    tabs->addTab(tr("Evaluation"));
    tabs->addTab(tr("Pareto"));
    tabs->setExpanding(false);
    tabs->setDrawBase(false);
    tabs->hide();
    connect(tabs, &QTabBar::currentChanged, this, [this](int tab) {
        if (!m_tabs->isHidden()) m_pages->setCurrentIndex(tab + 1);
    });
    return tabs;
}

void MainWindow::showEvaluation() {
    m_tabs->show();
    m_tabs->setCurrentIndex(1);
    m_pages->setCurrentWidget(m_evaluation);
}

QWidget* MainWindow::makeMessageBar() {
    auto* bar = new QFrame(this);
    bar->setObjectName(QStringLiteral("messageBar"));
    m_message = new QLabel(bar);
    m_message->setObjectName(QStringLiteral("messageText"));
    m_message->setWordWrap(true);
    m_message->setTextFormat(Qt::PlainText);
    m_message->setAccessibleName(tr("Message"));
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto* close = new QToolButton(bar);
    close->setText(tr("Close"));
    close->setAccessibleName(tr("Close the message"));
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(10, 6, 10, 6);
    layout->addWidget(m_message, 1);
    layout->addWidget(close);
    connect(close, &QToolButton::clicked, bar, &QWidget::hide);
    bar->hide();
    return bar;
}

void MainWindow::makeMenus() {
    auto* file = menuBar()->addMenu(tr("&File"));
    file->addAction(tr("&Open folder…"), QKeySequence::Open, this, &MainWindow::chooseFolder);
    file->addAction(tr("Open weights &file…"), this, &MainWindow::chooseFile);
    file->addAction(tr("Open the &demo model"), this,
                    [this] { m_session->open(QStringLiteral("demo")); });
    m_recentMenu = file->addMenu(tr("Open &recent"));
    connect(m_recentMenu, &QMenu::aboutToShow, this, &MainWindow::fillRecentMenu);
    auto* compare = file->addAction(tr("Co&mpare with…"), this, &MainWindow::showCompare);
    file->addSeparator();
    auto* figure = file->addAction(tr("&Export figure…"), QKeySequence(tr("Ctrl+E")), this,
                                   &MainWindow::exportFigure);
    auto* values = file->addAction(tr("Export singular &values…"), this,
                                   [this] { exportTable(QStringLiteral("singular-values")); });
    auto* curves = file->addAction(tr("Export error &curves…"), this,
                                   [this] { exportTable(QStringLiteral("error")); });
    file->addSeparator();
    file->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);
    auto* plan = menuBar()->addMenu(tr("&Plan"));
    auto* compress = plan->addAction(tr("&Compress…"), QKeySequence(tr("Ctrl+Return")), this,
                                     &MainWindow::showCompress);
    auto* clear =
        plan->addAction(tr("C&lear ranks of selection"), m_session, &Session::clearSelectedRanks);
    auto* clearAll = plan->addAction(tr("Clear &all ranks"), m_session, &Session::clearAllRanks);
    menuBar()->addMenu(m_calibration);
    auto* view = menuBar()->addMenu(tr("Vie&w"));
    auto* spectra = view->addAction(tr("&Spectra"), QKeySequence(tr("Ctrl+1")), m_tabs,
                                    [this] { m_tabs->setCurrentIndex(0); });
    auto* evaluation = view->addAction(tr("&Evaluation"), QKeySequence(tr("Ctrl+2")), m_tabs,
                                       [this] { m_tabs->setCurrentIndex(1); });
    auto* pareto = view->addAction(tr("&Pareto"), QKeySequence(tr("Ctrl+3")), m_tabs,
                                   [this] { m_tabs->setCurrentIndex(2); });
    auto* help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&About Rankscope"), this, &MainWindow::showAbout);
    m_needsCheckpoint = {compare,  figure,  values,     curves, clear,
                         clearAll, spectra, evaluation, pareto};
    for (QAction* action : m_needsCheckpoint) action->setEnabled(false);
    compress->setEnabled(false);
    connect(m_session, &Session::planChanged, compress,
            [this, compress] { compress->setEnabled(m_session->plan().has_value()); });
}

void MainWindow::fillRecentMenu() {
    m_recentMenu->clear();
    const QStringList paths = m_session->recentFiles().paths();
    for (const QString& path : paths) {
        QString text = path;
        m_recentMenu->addAction(text.replace(QLatin1Char('&'), QLatin1String("&&")), this,
                                [this, path] { m_session->open(path); });
    }
    if (paths.isEmpty()) {
        m_recentMenu->addAction(tr("Nothing opened yet"))->setEnabled(false);
        return;
    }
    m_recentMenu->addSeparator();
    m_recentMenu->addAction(tr("&Forget these"), this,
                            [this] { m_session->recentFiles().clear(); });
}

void MainWindow::showMessage(const QString& text, bool error) {
    // Several messages at once stand below each other; the bar is never a dialog per message.
    const bool together =
        m_messageBar->isVisible() && m_message->text().count('\n') < 3 && m_message->text() != text;
    m_message->setText(together ? m_message->text() + QLatin1Char('\n') + text : text);
    m_messageBar->setStyleSheet(
        error ? QStringLiteral("#messageBar{background:#fbe3df} QLabel{color:#5c1306}")
              : QStringLiteral("#messageBar{background:#fff4d6} QLabel{color:#4a3500}"));
    m_messageBar->show();
}

void MainWindow::showCheckpoint() {
    m_messageBar->hide();
    setWindowTitle(tr("%1 – Rankscope").arg(m_session->modelName()));
    m_tabs->show();
    m_pages->setCurrentIndex(m_tabs->currentIndex() + 1);
    for (QAction* action : m_needsCheckpoint) action->setEnabled(true);
    const auto& model = *m_session->checkpoint();
    statusBar()->showMessage(tr("%1 parameters, %2 matrices, %3 bytes; spectra in float64")
                                 .arg(grouped(model.denseParameterCount()))
                                 .arg(model.matrices().size())
                                 .arg(grouped(static_cast<std::int64_t>(model.byteCount()))));
}

void MainWindow::chooseFolder() {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Open a checkpoint's folder"));
    if (!path.isEmpty()) m_session->open(path);
}

void MainWindow::chooseFile() {
    const QString path = QFileDialog::getOpenFileName(
        this, tr("Open weights"), QString(),
        tr("Weights (*.safetensors *.safetensors.index.json);;All files (*)"));
    if (!path.isEmpty()) m_session->open(path);
}

Page& MainWindow::shownPage() const {
    Page* const pages[] = {m_spectra, m_evaluation, m_pareto};
    return *pages[m_tabs->currentIndex()];
}

void MainWindow::exportFigure() {
    Page& page = shownPage();
    if (const QString why = page.whyNoFigure(); !why.isEmpty()) {
        showMessage(why, true);
        return;
    }
    try {
        const QString file = page.exportFigure(m_session->modelName());
        if (!file.isEmpty()) statusBar()->showMessage(tr("Wrote %1").arg(file));
    } catch (const Error& error) {
        showMessage(QString::fromStdString(error.what()), true);
    }
}

void MainWindow::exportTable(const QString& name) {
    const auto tables = m_spectra->tables();
    const auto table = std::ranges::find(tables, name, &NamedTable::name);
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Save data of the shown curves"),
        QStringLiteral("%1-%2.csv").arg(m_session->modelName(), name), tr("Tables (*.csv)"));
    if (path.isEmpty()) return;
    try {
        writeFileAtomically(path.toStdString(), table->csv);
        statusBar()->showMessage(tr("Wrote %1").arg(path));
    } catch (const Error& error) {
        showMessage(QString::fromStdString(error.what()), true);
    }
}

void MainWindow::showCompress() {
    auto* dialog = new CompressDialog(m_session, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::showCompare() {
    auto* dialog = new CompareDialog(m_session, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void MainWindow::showAbout() {
    QMessageBox::about(
        this, tr("About Rankscope"),
        tr("<b>Rankscope %1</b><br>How compressible is a Flan-T5 model?<br><br>This window is free "
           "software under the GNU GPL, version 3 or later; the core and the command line are "
           "under the Apache License 2.0.")
            .arg(QStringLiteral(RANKSCOPE_VERSION)));
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (!droppedPath(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QString path = droppedPath(event->mimeData());
    if (!path.isEmpty()) {
        event->acceptProposedAction();
        m_session->open(path);
    }
}

}  // namespace rankscope::ui
