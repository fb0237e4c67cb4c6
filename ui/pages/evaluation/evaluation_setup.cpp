// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/evaluation_setup.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QFormLayout>
#include <QGroupBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QVBoxLayout>

#include "core/model/summarization_options.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// The meaning of a preset in the words of the options; empty for options it says nothing about.
QString presetValue(const backend::GenerationOptions& generation, const Option& option) {
    if (option.name == "beams") return QString::number(generation.beams);
    if (option.name == "min-new-tokens") return QString::number(generation.minNewTokens);
    if (option.name == "max-new-tokens") return QString::number(generation.maxNewTokens);
    if (option.name == "length-penalty") return QString::number(generation.lengthPenalty);
    if (option.name == "no-repeat-ngram") return QString::number(generation.noRepeatNgram);
    const auto choice = static_cast<std::size_t>(generation.earlyStopping);
    return option.name == "early-stopping" && choice < option.choices.size()
               ? toQString(option.choices[choice])
               : QString();
}

}  // namespace

EvaluationSetup::EvaluationSetup(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_moreForm(new QWidget(this)),
      m_options(new QFormLayout(m_moreForm)) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(makeRuns());
    layout->addWidget(makeHow());
    layout->addWidget(makeStart());
    connect(session, &Session::checkpointOpened, this, &EvaluationSetup::showBaseline);
    connect(session, &Session::planChanged, this, &EvaluationSetup::refresh);
    connect(session->evaluationJob(), &JobSlot::runningChanged, this, &EvaluationSetup::refresh);
    showBaseline();
    showPreset();
}

QWidget* EvaluationSetup::makeRuns() {
    auto* box = new QGroupBox(tr("Runs, the baseline first"), this);
    auto* layout = new QVBoxLayout(box);
    m_runs = new QListWidget(box);
    m_runs->setObjectName(QStringLiteral("runs"));
    m_runs->setAccessibleName(tr("Checkpoints to evaluate, the baseline first"));
    m_runs->setToolTip(
        tr("The opened checkpoint is the baseline. Add or drop compressed folders."));
    m_runs->setFixedHeight(92);
    m_runs->setTextElideMode(Qt::ElideMiddle);
    m_runs->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_runs->installEventFilter(this);
    auto* add = new QPushButton(tr("&Add folder…"), box);
    add->setAccessibleName(tr("Add a compressed folder"));
    m_remove = new QPushButton(tr("&Remove"), box);
    m_remove->setObjectName(QStringLiteral("remove"));
    m_remove->setAccessibleName(tr("Remove the selected folder"));
    m_plan = new QCheckBox(box);
    m_plan->setObjectName(QStringLiteral("plan"));
    m_plan->setAccessibleName(tr("Evaluate the current plan"));
    m_plan->setToolTip(
        tr("Compresses the opened checkpoint by the plan in memory; nothing is written"));
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_remove);
    buttons->addStretch();
    layout->addWidget(m_runs);
    layout->addLayout(buttons);
    layout->addWidget(m_plan);
    connect(add, &QPushButton::clicked, this, [this] {
        addFolder(QFileDialog::getExistingDirectory(this, tr("Add a compressed checkpoint")));
    });
    connect(m_remove, &QPushButton::clicked, this, &EvaluationSetup::removeSelected);
    connect(m_runs, &QListWidget::currentRowChanged, this, &EvaluationSetup::refresh);
    connect(m_plan, &QCheckBox::toggled, this, &EvaluationSetup::refresh);
    return box;
}

QWidget* EvaluationSetup::makeHow() {
    auto* box = new QGroupBox(tr("Dialogues and summaries"), this);
    auto* layout = new QVBoxLayout(box);
    auto* form = new QFormLayout;
    auto* dataRow = new QHBoxLayout;
    m_data = new QLineEdit(box);
    m_data->setObjectName(QStringLiteral("data"));
    m_data->setAccessibleName(tr("File or folder with dialogues"));
    m_data->setPlaceholderText(tr("the demo's dialogues"));
    m_data->setToolTip(tr("SAMSum as JSON, JSONL, CSV, corpus.7z, or an Arrow folder of datasets"));
    auto* browse = new QToolButton(box);
    browse->setText(tr("…"));
    browse->setAccessibleName(tr("Choose the dialogues"));
    browse->setToolTip(tr("Choose a file or a folder"));
    browse->setPopupMode(QToolButton::InstantPopup);
    browse->setFocusPolicy(Qt::StrongFocus);
    auto* menu = new QMenu(browse);
    menu->addAction(tr("&File…"), this, [this] {
        const QString path = QFileDialog::getOpenFileName(this, tr("Dialogues"));
        m_data->setText(path.isEmpty() ? m_data->text() : path);
    });
    menu->addAction(tr("F&older…"), this, [this] {
        const QString path = QFileDialog::getExistingDirectory(this, tr("Dialogues"));
        m_data->setText(path.isEmpty() ? m_data->text() : path);
    });
    browse->setMenu(menu);
    dataRow->addWidget(m_data);
    dataRow->addWidget(browse);
    m_limit = new QSpinBox(box);
    m_limit->setObjectName(QStringLiteral("limit"));
    m_limit->setAccessibleName(tr("At most so many dialogues"));
    m_limit->setToolTip(tr("Only the first so many dialogues"));
    m_limit->setRange(0, 10'000'000);
    m_limit->setSpecialValueText(tr("all"));
    m_preset = new QComboBox(box);
    m_preset->setObjectName(QStringLiteral("preset"));
    m_preset->setAccessibleName(tr("Preset"));
    for (const auto& preset : model::presets()) {
        m_preset->addItem(toQString(preset.name));
        m_preset->setItemData(m_preset->count() - 1, toQString(preset.help), Qt::ToolTipRole);
    }
    m_loss = new QCheckBox(tr("Loss"), box);
    m_loss->setObjectName(QStringLiteral("loss"));
    m_loss->setAccessibleName(tr("Measure the loss"));
    m_rouge = new QCheckBox(tr("ROUGE"), box);
    m_rouge->setObjectName(QStringLiteral("rouge"));
    m_rouge->setAccessibleName(tr("Generate summaries and measure ROUGE"));
    auto* metrics = new QHBoxLayout;
    for (QCheckBox* metric : {m_loss, m_rouge}) {
        metric->setChecked(true);
        metrics->addWidget(metric);
        connect(metric, &QCheckBox::toggled, this, &EvaluationSetup::refresh);
    }
    metrics->addStretch();
    const auto addRow = [&](const QString& name, QWidget* field, QLayout* row) {
        auto* label = new QLabel(name, box);
        label->setBuddy(field);
        row ? form->addRow(label, row) : form->addRow(label, field);
    };
    addRow(tr("&Data"), m_data, dataRow);
    addRow(tr("&Limit"), m_limit, nullptr);
    addRow(tr("Pr&eset"), m_preset, nullptr);
    addRow(tr("&Metrics"), m_loss, metrics);
    layout->addLayout(form);
    layout->addWidget(makeMore());
    connect(m_data, &QLineEdit::textChanged, this, &EvaluationSetup::refresh);
    connect(m_limit, &QSpinBox::valueChanged, this, &EvaluationSetup::refresh);
    connect(m_preset, &QComboBox::currentIndexChanged, this, &EvaluationSetup::showPreset);
    return box;
}

QWidget* EvaluationSetup::makeMore() {
    auto* box = new QWidget(this);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    m_more = new QToolButton(box);
    m_more->setText(tr("More &options"));
    m_more->setAccessibleName(tr("More options"));
    m_more->setToolTip(tr("How summaries are generated; starts with what the preset says"));
    m_more->setCheckable(true);
    m_more->setArrowType(Qt::RightArrow);
    m_more->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_more->setFocusPolicy(Qt::StrongFocus);
    m_more->setAutoRaise(true);
    m_moreForm->layout()->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_more);
    layout->addWidget(m_moreForm);
    m_moreForm->hide();
    connect(m_more, &QToolButton::toggled, this, [this](bool open) {
        m_more->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        m_moreForm->setVisible(open);
    });
    for (const Option& option : model::summarizationOptionTable()) {
        if (option.name == "preset") continue;
        QWidget* editor = m_options.add(option);
        if (auto* line = qobject_cast<QLineEdit*>(editor))
            connect(line, &QLineEdit::textChanged, this, &EvaluationSetup::refresh);
        else if (auto* choice = qobject_cast<QComboBox*>(editor))
            connect(choice, &QComboBox::currentIndexChanged, this, &EvaluationSetup::refresh);
    }
    return box;
}

QWidget* EvaluationSetup::makeStart() {
    auto* box = new QWidget(this);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    m_evaluate = new QPushButton(tr("E&valuate"), box);
    m_evaluate->setObjectName(QStringLiteral("evaluate"));
    m_evaluate->setAccessibleName(tr("Evaluate"));
    m_command = new QLineEdit(box);
    m_command->setObjectName(QStringLiteral("command"));
    m_command->setReadOnly(true);
    m_command->setAccessibleName(tr("The command that Evaluate runs"));
    m_copy = new QPushButton(tr("&Copy"), box);
    m_copy->setObjectName(QStringLiteral("copy"));
    m_copy->setAccessibleName(tr("Copy the command"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_command, 1);
    row->addWidget(m_copy);
    layout->addWidget(m_evaluate);
    layout->addLayout(row);
    connect(m_evaluate, &QPushButton::clicked, this, &EvaluationSetup::evaluateRequested);
    connect(m_copy, &QPushButton::clicked, this, &EvaluationSetup::copyCommand);
    return box;
}

void EvaluationSetup::showBaseline() {
    if (m_runs->count() > 0 && m_runs->item(0)->data(Qt::UserRole + 1).toBool())
        delete m_runs->takeItem(0);
    if (m_session->checkpoint()) {
        auto* item = new QListWidgetItem(tr("%1 (baseline)").arg(m_session->modelName()));
        item->setData(Qt::UserRole, m_session->location());
        item->setData(Qt::UserRole + 1, true);
        item->setToolTip(m_session->location());
        m_runs->insertItem(0, item);
    }
    refresh();
}

void EvaluationSetup::showPreset() {
    const QString name = m_preset->currentText();
    for (const auto& preset : model::presets()) {
        if (toQString(preset.name) != name) continue;
        m_preset->setToolTip(toQString(preset.help));
        for (const Option& option : model::summarizationOptionTable()) {
            const QString said = presetValue(preset.generation, option);
            const std::string key(option.name);
            m_presetValues[key] = said.isEmpty() ? toQString(option.defaultText) : said;
            if (!said.isEmpty()) m_options.setValue(key, said);
        }
    }
    refresh();
}

void EvaluationSetup::addFolder(const QString& folder) {
    if (folder.isEmpty()) return;
    const QString path = QFileInfo(folder).absoluteFilePath();
    for (int i = 0; i < m_runs->count(); ++i) {
        if (m_runs->item(i)->data(Qt::UserRole).toString() == path) {
            m_runs->setCurrentRow(i);
            return;
        }
    }
    auto* item = new QListWidgetItem(runName(path.toStdString()));
    item->setData(Qt::UserRole, path);
    item->setToolTip(path);
    m_runs->addItem(item);
    m_runs->setCurrentItem(item);
    refresh();
}

void EvaluationSetup::removeSelected() {
    auto* item = m_runs->currentItem();
    if (item && !item->data(Qt::UserRole + 1).toBool()) delete item;
    refresh();
}

bool EvaluationSetup::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_runs && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Delete) {
        removeSelected();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

EvaluationRequest EvaluationSetup::request() const {
    EvaluationRequest request;
    for (int i = 0; i < m_runs->count(); ++i)
        request.checkpoints << m_runs->item(i)->data(Qt::UserRole).toString();
    if (m_plan->isChecked() && m_plan->isEnabled()) request.planFile = m_session->planFile();
    request.data = m_data->text().trimmed();
    request.limit = m_limit->value();
    request.loss = m_loss->isChecked();
    request.rouge = m_rouge->isChecked();
    request.preset = m_preset->currentText();
    for (const auto& [name, usual] : m_presetValues) {
        const QString value = m_options.value(name);
        if (m_options.editor(name) && value != usual)
            request.options.emplace_back(QString::fromStdString(name), value);
    }
    return request;
}

QString EvaluationSetup::commandLine() const {
    return shellLine(QStringList{QStringLiteral("rankscope-cli")} + evaluateArguments(request()));
}

void EvaluationSetup::copyCommand() {
    // The command names the plan's file: it must be there when the command is run.
    if (!request().planFile.isEmpty() && !m_session->writePlanFile()) return;
    QApplication::clipboard()->setText(commandLine());
}

void EvaluationSetup::refresh() {
    if (!m_evaluate) return;  // still being made
    const auto& plan = m_session->plan();
    m_plan->setEnabled(plan.has_value());
    m_plan->setText(plan ? tr("The current pla&n (%n matrices)", nullptr,
                              static_cast<int>(plan->entries.size()))
                         : tr("The current pla&n (choose ranks first)"));
    const auto* item = m_runs->currentItem();
    m_remove->setEnabled(item && !item->data(Qt::UserRole + 1).toBool());
    const bool possible = m_session->checkpoint() && !m_session->evaluationJob()->isRunning() &&
                          (m_loss->isChecked() || m_rouge->isChecked());
    m_evaluate->setEnabled(possible);
    const QString command = m_session->checkpoint() ? commandLine() : QString();
    m_copy->setEnabled(!command.isEmpty());
    m_command->setText(command);
    m_command->setCursorPosition(0);
    m_command->setToolTip(command);
    m_evaluate->setToolTip(m_session->checkpoint() ? tr("Runs: %1").arg(command)
                                                   : tr("Open a checkpoint first"));
}

}  // namespace rankscope::ui
