// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/calibrate_dialog.h"

#include <QDir>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLocale>
#include <QStandardPaths>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/evaluate/calibrate.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

/// A folder that is there, and a name after the model.
QString proposedFile(const Session& session) {
    const QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
    const QString folder = QFileInfo(documents).isDir() ? documents : QDir::homePath();
    return QDir(folder).filePath(session.modelName() + QStringLiteral("-calibration.h5"));
}

}  // namespace

QString calibrateSummary(const Json& result) {
    const JsonReader reader(result, "The result of calibrate", "The saved file is complete.");
    const auto count = [&](const char* key) { return grouped(reader.at(key).whole()); };
    QString summary =
        QObject::tr(
            "<b>Saved</b> %1<br>%2 dialogues and %3 held out, %4 tokens in %5 s. "
            "The calibration is in use now.")
            .arg(QString::fromStdString(printable(reader.at("path").text(), 4096)).toHtmlEscaped(),
                 count("samples"), count("held_out"), count("tokens"),
                 QLocale::c().toString(reader.at("seconds").real(), 'f', 1));
    for (const std::string& warning : reader.at("warnings").texts())
        summary += QObject::tr("<br>Note: %1").arg(QString::fromStdString(warning).toHtmlEscaped());
    return summary;
}

CalibrateDialog::CalibrateDialog(Session* session, QWidget* parent)
    : JobDialog(parent),
      m_session(session),
      m_form(new QWidget(this)),
      m_options(new QFormLayout(m_form)),
      m_progress(new JobProgress(tr("calibration"), tr("Nothing was written."), &m_job, this)),
      m_result(new QLabel(this)),
      m_start(new QPushButton(tr("&Calibrate"), this)),
      m_close(new QPushButton(tr("Close"), this)) {
    m_result->setObjectName(QStringLiteral("result"));
    m_progress->setObjectName(QStringLiteral("progress"));
    m_start->setObjectName(QStringLiteral("start"));
    setWindowTitle(tr("Calibrate %1").arg(session->modelName()));
    setMinimumWidth(620);
    auto* purpose = new QLabel(
        tr("Runs the model on dialogues and keeps what each layer sees. Methods that look at data "
           "are made from it; held-out dialogues show how they do on text they did not see."),
        this);
    purpose->setWordWrap(true);
    purpose->setAccessibleName(tr("What a calibration is"));
    makeForm();
    m_result->setAccessibleName(tr("Result"));
    m_result->setWordWrap(true);
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_start->setDefault(true);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    for (QPushButton* button : {m_start, m_close}) {
        button->setAccessibleName(button->text().remove(QLatin1Char('&')));
        buttons->addWidget(button);
    }
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(purpose);
    layout->addWidget(m_form);
    layout->addWidget(m_result);  // above the line that points to it
    layout->addWidget(m_progress);
    layout->addStretch();
    layout->addLayout(buttons);
    followJob();
}

void CalibrateDialog::followJob() {
    connect(m_start, &QPushButton::clicked, this, &CalibrateDialog::start);
    connect(m_close, &QPushButton::clicked, this, &CalibrateDialog::reject);
    connect(m_session, &Session::checkpointOpened, this, &CalibrateDialog::giveUp);
    connect(&m_job, &JobSlot::done, this, &CalibrateDialog::finish);
    connect(&m_job, &JobSlot::failed, this,
            [this](const QString& message) { m_result->setText(message.toHtmlEscaped()); });
    connect(&m_job, &JobSlot::runningChanged, this, &CalibrateDialog::showRunning);
}

void CalibrateDialog::giveUp() {
    if (!m_job.isRunning()) {
        reject();
        return;
    }
    m_job.disconnect(this);
    connect(&m_job, &JobSlot::runningChanged, this, &QDialog::reject);  // not waited for here
    m_job.cancel();
    hide();
}

QLineEdit* CalibrateDialog::addFileRow(const QString& label, const QString& toolTip,
                                       void (CalibrateDialog::*choose)()) {
    auto* field = new QLineEdit(m_form);
    field->setToolTip(toolTip);
    field->setAccessibleName(QString(label).remove(QLatin1Char('&')));
    auto* browse = new QPushButton(tr("Browse…"), m_form);
    browse->setAccessibleName(tr("Choose: %1").arg(field->accessibleName()));
    browse->setAutoDefault(false);
    connect(browse, &QPushButton::clicked, this, choose);
    auto* row = new QHBoxLayout;
    row->addWidget(field);
    row->addWidget(browse);
    auto* caption = new QLabel(label, m_form);
    caption->setBuddy(field);
    caption->setToolTip(toolTip);
    m_options.layout()->addRow(caption, row);
    return field;
}

void CalibrateDialog::makeForm() {
    auto* form = m_options.layout();
    form->setContentsMargins(0, 0, 0, 0);
    m_data = addFileRow(tr("&Data"),
                        tr("Dialogues with summaries: JSON, JSON lines, CSV, corpus.7z, Arrow or "
                           "Parquet"),
                        &CalibrateDialog::chooseData);
    m_data->setObjectName(QStringLiteral("data"));
    m_data->setPlaceholderText(tr("the 200 dialogues that come with the demo model"));
    for (const Option& option : evaluate::calibrationOptionTable()) {
        if (option.name == "fisher") {
            m_gradients = new QCheckBox(
                tr("%1, for fisher and fisher2").arg(toQString(option.label)), m_form);
            m_gradients->setToolTip(toQString(option.help));
            m_gradients->setObjectName(QStringLiteral("gradients"));
            m_gradients->setAccessibleName(m_gradients->text());
            form->addRow(QString(), m_gradients);
        } else {
            auto* field = qobject_cast<QLineEdit*>(m_options.add(option));
            if (field && option.name == "held-out") {
                field->clear();  // what the default means, in words
                field->setPlaceholderText(tr("half as many"));
            }
        }
    }
    m_file = addFileRow(tr("&File to write"), tr("The calibration, an HDF5 file (.h5)"),
                        &CalibrateDialog::chooseFile);
    m_file->setObjectName(QStringLiteral("file"));
    m_file->setText(proposedFile(*m_session));
    m_replace = new QCheckBox(tr("&Replace the file if it exists"), m_form);
    m_replace->setObjectName(QStringLiteral("replace"));
    m_replace->setAccessibleName(tr("Replace the file if it exists"));
    form->addRow(QString(), m_replace);
}

void CalibrateDialog::chooseData() {
    const QString path = QFileDialog::getOpenFileName(
        this, tr("Dialogues"), QFileInfo(m_data->text()).path(),
        tr("Dialogues (*.json *.jsonl *.csv *.7z *.arrow *.parquet);;All files (*)"));
    if (!path.isEmpty()) m_data->setText(path);
}

void CalibrateDialog::chooseFile() {
    QString path = QFileDialog::getSaveFileName(this, tr("File to write"), m_file->text(),
                                                tr("Calibrations (*.h5)"));
    if (path.isEmpty()) return;
    if (!path.endsWith(QLatin1String(".h5"))) path += QStringLiteral(".h5");
    m_replace->setChecked(QFileInfo::exists(path));  // the file dialog has asked
    m_file->setText(path);
}

QStringList CalibrateDialog::arguments() const {
    QStringList result{QStringLiteral("calibrate"), m_session->location(), QStringLiteral("--out"),
                       QFileInfo(m_file->text().trimmed()).absoluteFilePath()};
    if (const QString data = m_data->text().trimmed(); !data.isEmpty())
        result << QStringLiteral("--data") << QFileInfo(data).absoluteFilePath();
    for (const Option& option : evaluate::calibrationOptionTable()) {
        const QString value = m_options.value(std::string(option.name));
        if (!value.isEmpty()) result << QStringLiteral("--") + toQString(option.name) << value;
    }
    if (m_gradients->isChecked()) result << QStringLiteral("--fisher");
    return result;
}

void CalibrateDialog::start() {
    m_result->clear();
    const QString file = m_file->text().trimmed();
    if (file.isEmpty()) {
        m_result->setText(tr("Name the file to write."));
        m_file->setFocus();
        return;
    }
    if (QFileInfo::exists(file) && !m_replace->isChecked()) {
        m_result->setText(tr("%1 exists. Tick the box to replace it, or choose another name.")
                              .arg(file.toHtmlEscaped()));
        return;
    }
    m_session->startJob(m_job, tr("Calibrate"), arguments());
}

void CalibrateDialog::finish(const Json& result) {
    try {
        m_result->setText(calibrateSummary(result));
    } catch (const Error& problem) {
        m_result->setText(QString::fromStdString(problem.what()).toHtmlEscaped());
    }
    m_session->setCalibrationFile(QFileInfo(m_file->text().trimmed()).absoluteFilePath());
}

void CalibrateDialog::showRunning() {
    for (QWidget* part : std::initializer_list<QWidget*>{m_form, m_start, m_close})
        part->setEnabled(!m_job.isRunning());
}

}  // namespace rankscope::ui
