// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/pareto/pareto_setup.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <span>
#include <string_view>

#include "core/base/own_path.h"
#include "core/method/method.h"
#include "core/plan/allocation.h"
#include "core/plan/plan.h"
#include "core/plan/plan_options.h"
#include "core/search/pareto.h"
#include "ui/session/evaluation_request.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QSpinBox* percentField(int value, const QString& name, QWidget* parent) {
    auto* field = new QSpinBox(parent);
    field->setRange(1, 100);
    field->setValue(value);
    field->setSuffix(QObject::tr(" %"));
    field->setAccessibleName(name);
    field->setToolTip(QObject::tr("Kept shares of the whole model's parameters"));
    return field;
}

/// A list of words with boxes, as high as its rows.
QListWidget* checkList(const QString& name, QWidget* parent) {
    auto* list = new QListWidget(parent);
    list->setAccessibleName(name);
    list->setSelectionMode(QAbstractItemView::SingleSelection);
    list->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list->setTabKeyNavigation(false);
    return list;
}

void addChecked(QListWidget& list, const QString& word, const QString& help, bool checked) {
    auto* item = new QListWidgetItem(word, &list);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
    item->setCheckState(checked ? Qt::Checked : Qt::Unchecked);
    item->setToolTip(help);
}

void fitHeight(QListWidget& list) {
    list.setFixedHeight(list.sizeHintForRow(0) * list.count() + 2 * list.frameWidth() + 2);
}

QStringList checkedWords(const QListWidget& list) {
    QStringList words;
    for (int i = 0; i < list.count(); ++i) {
        const auto* item = list.item(i);
        if (item->checkState() == Qt::Checked && item->flags().testFlag(Qt::ItemIsEnabled))
            words << item->text();
    }
    return words;
}

bool isIn(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

bool looksAtData(const QString& method) {
    return method::methodNamed(method.toStdString()).needs != method::MethodNeeds::Nothing;
}

}  // namespace

ParetoSetup::ParetoSetup(Session* session, FrontRun* run, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_front(run),
      m_run(new QPushButton(tr("&Run"), this)),
      m_hint(new QLabel(this)) {
    m_hint->setObjectName(QStringLiteral("hint"));
    m_run->setObjectName(QStringLiteral("run"));
    m_run->setAccessibleName(tr("Measure all settings"));
    m_hint->setAccessibleName(tr("What Run will do"));
    m_hint->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeTried());
    layout->addWidget(makeMeasured());
    layout->addWidget(m_hint);
    layout->addWidget(m_run);
    connect(m_run, &QPushButton::clicked, this, &ParetoSetup::runRequested);
    connect(session, &Session::checkpointOpened, this, &ParetoSetup::refresh);
    connect(session, &Session::calibrationChanged, this, &ParetoSetup::refresh);
    connect(run->job(), &JobSlot::runningChanged, this, &ParetoSetup::refresh);
    refresh();
}

QWidget* ParetoSetup::makeTried() {
    auto* box = new QGroupBox(tr("Settings to try"), this);
    auto* form = new QFormLayout(box);
    m_from = percentField(50, tr("Smallest budget"), box);
    m_to = percentField(90, tr("Largest budget"), box);
    m_to->setObjectName(QStringLiteral("to"));
    m_step = percentField(10, tr("Step of the budgets"), box);
    auto* budgets = new QHBoxLayout;
    budgets->addWidget(m_from);
    budgets->addWidget(new QLabel(tr("to"), box));
    budgets->addWidget(m_to);
    budgets->addWidget(new QLabel(tr("by"), box));
    budgets->addWidget(m_step);
    makeLists(box);
    makeBoxes(box);
    const auto addRow = [&](const QString& name, QWidget* field, QLayout* row) {
        auto* label = new QLabel(name, box);
        label->setBuddy(field);
        row ? form->addRow(label, row) : form->addRow(label, field);
    };
    addRow(tr("&Budgets"), m_from, budgets);
    addRow(tr("&Methods"), m_methods, nullptr);
    addRow(tr("&Allocations"), m_allocations, nullptr);
    addRow(tr("Ma&trices"), m_targets, nullptr);
    addRow(tr("&Storage"), m_storage, nullptr);
    addRanks(*form);
    for (QSpinBox* field : {m_from, m_to, m_step})
        connect(field, &QSpinBox::valueChanged, this, &ParetoSetup::refresh);
    for (QListWidget* list : {m_methods, m_allocations}) {
        fitHeight(*list);
        connect(list, &QListWidget::itemChanged, this, &ParetoSetup::refresh);
    }
    connect(m_targets, &QComboBox::currentIndexChanged, this, &ParetoSetup::refresh);
    connect(m_storage, &QComboBox::currentIndexChanged, this, &ParetoSetup::refresh);
    return box;
}

void ParetoSetup::makeLists(QWidget* box) {
    m_methods = checkList(tr("Methods"), box);
    for (const method::Method& method : method::methods()) {
        addChecked(*m_methods, toQString(method.name), toQString(method.help),
                   isIn(search::usualMethods, method.name));
    }
    m_allocations = checkList(tr("Allocations"), box);
    for (const plan::Allocator& allocator : plan::allocators()) {
        addChecked(*m_allocations, toQString(allocator.name), toQString(allocator.help),
                   isIn(search::usualAllocations, allocator.name));
    }
    for (const plan::MeasuredAllocation& measured : plan::measuredAllocations())
        addChecked(*m_allocations, toQString(measured.name), toQString(measured.help), false);
}

void ParetoSetup::makeBoxes(QWidget* box) {
    m_targets = new QComboBox(box);
    m_targets->setAccessibleName(tr("Matrices"));
    m_targets->addItem(tr("attention and feed-forward"), QStringLiteral("attention,ffn"));
    m_targets->addItem(tr("attention"), QStringLiteral("attention"));
    m_targets->addItem(tr("feed-forward"), QStringLiteral("ffn"));
    m_storage = new QComboBox(box);
    m_storage->setObjectName(QStringLiteral("storage"));
    m_storage->setAccessibleName(tr("Storage"));
    m_storage->addItem(tr("auto (smallest)"), static_cast<int>(plan::StorageChoice::Auto));
    m_storage->addItem(tr("factored"), static_cast<int>(plan::StorageChoice::Factored));
    m_storage->addItem(tr("pivoted"), static_cast<int>(plan::StorageChoice::Pivoted));
}

void ParetoSetup::addRanks(QFormLayout& form) {
    m_ranks.emplace(&form);
    for (const Option& option : plan::planOptionTable()) {
        if (option.name != "max-rank" && option.name != "groups") continue;
        QWidget* editor = m_ranks->add(option);
        if (const auto* box = qobject_cast<QComboBox*>(editor))
            connect(box, &QComboBox::currentIndexChanged, this, &ParetoSetup::refresh);
        else if (const auto* line = qobject_cast<QLineEdit*>(editor))
            connect(line, &QLineEdit::textChanged, this, &ParetoSetup::refresh);
    }
}

QWidget* ParetoSetup::makeMeasured() {
    auto* box = new QGroupBox(tr("Measured on"), this);
    auto* form = new QFormLayout(box);
    auto* row = new QHBoxLayout;
    m_calibration = new QLineEdit(box);
    m_calibration->setReadOnly(true);
    m_calibration->setPlaceholderText(tr("none"));
    m_calibration->setAccessibleName(tr("Calibration file"));
    m_calibration->setToolTip(tr(
        "Written by rankscope-cli calibrate: what most methods look at, and held-out dialogues"));
    auto* choose = new QPushButton(tr("&Choose…"), box);
    choose->setAccessibleName(tr("Choose the calibration file"));
    row->addWidget(m_calibration, 1);
    row->addWidget(choose);
    m_limit = new QSpinBox(box);
    m_limit->setAccessibleName(tr("At most so many dialogues"));
    m_limit->setRange(0, 10'000'000);
    m_limit->setSpecialValueText(tr("all"));
    m_rouge = new QCheckBox(tr("ROUGE too (generates summaries)"), box);
    m_rouge->setObjectName(QStringLiteral("rouge"));
    m_rouge->setAccessibleName(tr("Generate summaries and measure ROUGE"));
    m_rouge->setChecked(true);
    auto* calibrationLabel = new QLabel(tr("Calibrat&ion"), box);
    calibrationLabel->setBuddy(choose);
    form->addRow(calibrationLabel, row);
    QWidget* data = makeData();
    auto* dataLabel = new QLabel(tr("&Data"), box);
    dataLabel->setBuddy(m_data);
    form->addRow(dataLabel, data);
    auto* limitLabel = new QLabel(tr("&Limit"), box);
    limitLabel->setBuddy(m_limit);
    form->addRow(limitLabel, m_limit);
    form->addRow(QString(), m_rouge);
    connect(choose, &QPushButton::clicked, this, &ParetoSetup::chooseCalibration);
    connect(m_limit, &QSpinBox::valueChanged, this, &ParetoSetup::refresh);
    connect(m_rouge, &QCheckBox::toggled, this, &ParetoSetup::refresh);
    return box;
}

QWidget* ParetoSetup::makeData() {
    auto* row = new QWidget(this);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    m_data = new QLineEdit(row);
    m_data->setObjectName(QStringLiteral("data"));
    m_data->setAccessibleName(tr("File or folder with dialogues"));
    m_data->setPlaceholderText(tr("the held-out dialogues"));
    m_data->setClearButtonEnabled(true);
    m_data->setToolTip(
        tr("Dialogues with summaries, as on the Evaluation page; without them the "
           "loss on the calibration's held-out dialogues is measured"));
    auto* browse = new QToolButton(row);
    browse->setText(tr("…"));
    browse->setAccessibleName(tr("Choose the dialogues"));
    browse->setPopupMode(QToolButton::InstantPopup);
    browse->setFocusPolicy(Qt::StrongFocus);
    auto* menu = new QMenu(browse);
    const auto take = [this](const QString& path) {
        m_data->setText(path.isEmpty() ? m_data->text() : path);
    };
    menu->addAction(tr("The d&emo's dialogues"), this, [take] {
        take(QString::fromStdString((sharedResource("demo") / "test.json").string()));
    });
    menu->addAction(tr("&File…"), this,
                    [this, take] { take(QFileDialog::getOpenFileName(this, tr("Dialogues"))); });
    menu->addAction(tr("F&older…"), this, [this, take] {
        take(QFileDialog::getExistingDirectory(this, tr("Dialogues")));
    });
    browse->setMenu(menu);
    layout->addWidget(m_data);
    layout->addWidget(browse);
    connect(m_data, &QLineEdit::textChanged, this, &ParetoSetup::refresh);
    return row;
}

void ParetoSetup::chooseCalibration() {
    const QString path = QFileDialog::getOpenFileName(this, tr("Calibration"), QString(),
                                                      tr("Calibrations (*.h5);;All files (*)"));
    if (!path.isEmpty()) m_session->setCalibrationFile(path);
}

FrontRequest ParetoSetup::request() const {
    FrontRequest request;
    request.from = m_from->value();
    request.to = m_to->value();
    request.step = m_step->value();
    request.methods = checkedWords(*m_methods);
    request.allocations = checkedWords(*m_allocations);
    request.targets = m_targets->currentData().toString();
    request.storage = static_cast<plan::StorageChoice>(m_storage->currentData().toInt());
    request.maxRank = m_ranks->value("max-rank");
    request.groups = m_ranks->value("groups");
    request.calibration = m_session->calibrationFile();
    request.data = m_data->text().trimmed();
    request.limit = m_limit->value();
    request.rouge = m_rouge->isChecked();
    return request;
}

void ParetoSetup::refresh() {
    if (!m_rouge) return;  // still being made
    const QString calibration = m_session->calibrationFile();
    m_calibration->setText(QFileInfo(calibration).fileName());
    for (QListWidget* list : {m_methods, m_allocations}) {
        const QSignalBlocker quiet(list);
        for (int i = 0; i < list->count(); ++i) {
            auto* item = list->item(i);
            const bool needsData = list == m_methods ? looksAtData(item->text())
                                                     : plan::isMeasured(item->text().toStdString());
            const bool usable = !calibration.isEmpty() || !needsData;
            item->setFlags(usable ? item->flags() | Qt::ItemIsEnabled
                                  : item->flags() & ~Qt::ItemIsEnabled);
        }
    }
    const bool data = !m_data->text().trimmed().isEmpty();
    m_limit->setEnabled(data);
    m_rouge->setEnabled(data);
    const FrontRequest wanted = request();
    const int settings = settingsOf(wanted);
    const bool measurable = data || !calibration.isEmpty();
    m_run->setEnabled(m_session->checkpoint() && !m_front->job()->isRunning() && settings > 0 &&
                      measurable);
    m_hint->setText(!measurable ? tr("Choose a calibration with held-out dialogues, or dialogues "
                                     "of your own under Data.")
                    : wanted.to < wanted.from ? tr("The largest budget is below the smallest.")
                    : settings == 0           ? tr("Tick at least one method and one allocation.")
                                              : tr("%n settings", nullptr, settings));
    m_run->setToolTip(m_session->checkpoint()
                          ? tr("Runs: %1")
                                .arg(shellLine(QStringList{QStringLiteral("rankscope-cli")} +
                                               paretoArguments(wanted, m_session->location())))
                          : tr("Open a checkpoint first"));
}

}  // namespace rankscope::ui
