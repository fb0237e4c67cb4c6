// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/compress_dialog.h"

#include <QDir>
#include <QFile>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLocale>
#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/method/method.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/plan/plan_json.h"
#include "core/plan/plan_options.h"
#include "core/plan/slim_plan.h"
#include "core/workspace/calibration_file.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QString htmlOf(const JsonReader& text) {
    return QString::fromStdString(printable(text.text(), 4096)).toHtmlEscaped();
}

QString bytes(std::int64_t count) {
    return QObject::tr("%1 bytes (%2)")
        .arg(grouped(count), QLocale::c().formattedDataSize(count, 1, QLocale::DataSizeSIFormat));
}

}  // namespace

QString compressSummary(const Json& result) {
    const JsonReader reader(result, "The result of compress", "The saved folder is complete.");
    const JsonReader parameters = reader.at("parameters");
    const JsonReader size = reader.at("bytes");
    double worst = -1;
    double excess = -1;  // of a preview
    QString worstName;
    for (const JsonReader& layer : reader.at("layers").elements()) {
        if (const double error = layer.at("relative_error").real(); error > worst) {
            worst = error;
            worstName = htmlOf(layer.at("name"));
        }
        if (const auto above = layer.find("excess_error")) excess = std::max(excess, above->real());
    }
    QString summary =
        QObject::tr("<b>Saved</b> %1<br>Parameters: %2, before %3<br>Weight files: %4, before %5")
            .arg(htmlOf(reader.at("path")), grouped(parameters.at("stored").whole()),
                 grouped(parameters.at("dense").whole()), bytes(size.at("after").whole()),
                 bytes(size.at("before").whole()));
    if (worst >= 0) {
        summary += QObject::tr("<br>Largest relative error: %1 in %2")
                       .arg(QLocale::c().toString(worst, 'g', 4), worstName);
    }
    if (excess >= 0) {
        summary += QObject::tr("<br>A preview: up to %1 % above the error of svd, measured")
                       .arg(QLocale::c().toString(100 * excess, 'f', 2));
    }
    summary += reader.at("verified").flag()
                   ? QObject::tr(
                         "<br>Verified: every matrix was read back and its error "
                         "compared with the prediction.")
                   : QObject::tr("<br><b>Not verified.</b>");
    return summary;
}

CompressDialog::CompressDialog(Session* session, QWidget* parent)
    : JobDialog(parent),
      m_session(session),
      m_form(new QWidget(this)),
      m_options(new QFormLayout(m_form)),
      m_progress(new QProgressBar(this)),
      m_label(new QLabel(this)),
      m_result(new QLabel(this)),
      m_start(new QPushButton(tr("&Compress"), this)),
      m_stop(new QPushButton(tr("C&ancel"), this)),
      m_close(new QPushButton(tr("Close"), this)) {
    m_result->setObjectName(QStringLiteral("result"));
    m_stop->setObjectName(QStringLiteral("stop"));
    m_start->setObjectName(QStringLiteral("start"));
    setWindowTitle(tr("Compress %1").arg(session->modelName()));
    setMinimumWidth(620);
    makeForm();
    m_progress->setRange(0, 1000);
    m_progress->setAccessibleName(tr("Progress of the compression"));
    m_label->setAccessibleName(tr("What is being done"));
    m_result->setAccessibleName(tr("Result"));
    m_result->setWordWrap(true);
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_start->setDefault(true);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    for (QPushButton* button : {m_start, m_stop, m_close}) {
        button->setAccessibleName(button->text().remove(QLatin1Char('&')));
        buttons->addWidget(button);
    }
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_form);
    layout->addWidget(m_label);
    layout->addWidget(m_progress);
    layout->addWidget(m_result);
    layout->addStretch();
    layout->addLayout(buttons);
    connect(m_start, &QPushButton::clicked, this, &CompressDialog::start);
    connect(m_close, &QPushButton::clicked, this, &CompressDialog::reject);
    followJob();
    showRunning();
    m_label->setText(tr("%n matrices are planned. Nothing is written before you start.", nullptr,
                        session->plan() ? static_cast<int>(session->plan()->entries.size()) : 0));
}

void CompressDialog::makeForm() {
    auto* form = static_cast<QFormLayout*>(m_form->layout());
    form->setContentsMargins(0, 0, 0, 0);
    auto* row = new QHBoxLayout;
    m_folder = new QLineEdit(m_form);
    m_folder->setObjectName(QStringLiteral("folder"));
    m_folder->setAccessibleName(tr("Folder to write"));
    m_folder->setToolTip(tr("A folder that does not exist yet; its parent must"));
    auto* browse = new QPushButton(tr("&Browse…"), m_form);
    browse->setAccessibleName(tr("Choose the folder to write"));
    row->addWidget(m_folder);
    row->addWidget(browse);
    auto* label = new QLabel(tr("&Folder to write"), m_form);
    label->setBuddy(m_folder);
    form->addRow(label, row);
    connect(browse, &QPushButton::clicked, this, &CompressDialog::chooseFolder);
    addMethods();
    m_options.setValue("method", QString::fromStdString(m_session->method()));
    if (const auto& plan = m_session->plan()) {
        for (const auto& [name, value] :
             {std::pair{"alpha", plan->settings.alpha}, std::pair{"ridge", plan->settings.ridge}}) {
            m_options.setValue(name,
                               QLocale::c().toString(value, 'g', QLocale::FloatingPointShortest));
        }
    }
    auto* method = qobject_cast<QComboBox*>(m_options.editor("method"));
    connect(method, &QComboBox::currentTextChanged, this, &CompressDialog::enableSettings);
    enableSettings();
    m_options.setValue("storage", slimPlan() ? toQString(storageName(m_session->plan()->entries[0]))
                                             : toQString(storageChoiceName(m_session->storage())));
    m_dtype = new QComboBox(m_form);
    m_dtype->setAccessibleName(tr("Number type"));
    m_dtype->setToolTip(tr("Number type of the written weights"));
    m_dtype->addItem(tr("as in the source"), QString());
    for (const auto dtype : {DType::F32, DType::F16, DType::BF16}) {
        const QString name = QString::fromStdString(std::string(dtypeName(dtype)));
        m_dtype->addItem(name, name);
    }
    auto* dtypeLabel = new QLabel(tr("&Number type"), m_form);
    dtypeLabel->setBuddy(m_dtype);
    form->addRow(dtypeLabel, m_dtype);
    m_force = new QCheckBox(tr("&Replace the folder if it exists"), m_form);
    m_force->setAccessibleName(tr("Replace the folder if it exists"));
    m_force->setToolTip(
        tr("Only a folder that Rankscope wrote, and that holds nothing else, is replaced"));
    form->addRow(QString(), m_force);
}

void CompressDialog::addMethods() {
    const QString file = m_session->calibrationFile();
    bool gradients = false;
    QString sentence = tr("More methods look at data: menu Calibration makes them available.");
    if (!file.isEmpty()) {
        try {  // a few attributes; whether it fits the checkpoint is checked by the child
            gradients = workspace::openCalibration(file.toStdString())->record().gradients;
            sentence = gradients ? tr("Methods that look at data use %1.")
                                 : tr("Methods that look at data use %1; it has no gradients for "
                                      "fisher and fisher2.");
            sentence = sentence.arg(QFileInfo(file).fileName());
        } catch (const Error& error) {
            sentence = QString::fromStdString(error.what());
        }
    }
    for (Option option : plan::planOptionTable()) {
        if (option.name == "method") {
            std::erase_if(option.choices, [&](std::string_view name) {
                const auto needs = method::methodNamed(name).needs;
                // A plan by slim is one by slim; a plan of ranks cannot become one.
                if (slimPlan() || method::methodNamed(name).cutsHeads)
                    return !slimPlan() || name != m_session->method();
                // The plan's own method stays: such a plan brings its calibration along.
                return needs != method::MethodNeeds::Nothing && name != m_session->method() &&
                       (file.isEmpty() || (needs == method::MethodNeeds::Gradients && !gradients));
            });
        }
        if (option.name == "storage")
            std::erase_if(option.choices, [&](std::string_view name) {
                const bool ofSlim = name == storageChoiceName(plan::StorageChoice::Plain) ||
                                    name == storageChoiceName(plan::StorageChoice::Sizes);
                return slimPlan() ? name != storageName(m_session->plan()->entries[0]) : ofSlim;
            });
        const bool setting = option.name == "alpha" || option.name == "ridge";
        if (option.name == "method" || option.name == "storage" || (setting && !file.isEmpty()))
            m_options.add(option);
        if (option.name == "method") {
            m_methods = new QLabel(sentence, m_form);
            m_methods->setObjectName(QStringLiteral("methods"));
            m_methods->setAccessibleName(tr("Which methods there are"));
            m_methods->setWordWrap(true);
            m_methods->setMinimumWidth(400);  // else it reserves the height of a narrow one
            m_methods->setTextFormat(Qt::PlainText);
            m_options.layout()->addRow(QString(), m_methods);
        }
    }
}

bool CompressDialog::slimPlan() const {
    return m_session->plan() && plan::isSlim(*m_session->plan());
}

void CompressDialog::enableSettings() {
    const auto& method = method::methodNamed(m_options.value("method").toStdString());
    for (const auto& [name, used] :
         {std::pair{"alpha", method.hasExponent}, std::pair{"ridge", method.hasRidge}})
        if (QWidget* editor = m_options.editor(name)) editor->setEnabled(used);
}

void CompressDialog::chooseFolder() {
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Folder to write"), m_folder->text(), QString(), nullptr,
        QFileDialog::ShowDirsOnly | QFileDialog::DontConfirmOverwrite);
    if (!path.isEmpty()) m_folder->setText(path);
}

QStringList CompressDialog::arguments(const QString& planFile) const {
    QStringList result{QStringLiteral("compress"), m_session->location(),
                       QStringLiteral("--plan"),   planFile,
                       QStringLiteral("--out"),    QDir(m_folder->text()).absolutePath()};
    if (!m_session->calibrationFile().isEmpty())
        result << QStringLiteral("--calibration") << m_session->calibrationFile();
    if (const QString dtype = m_dtype->currentData().toString(); !dtype.isEmpty())
        result << QStringLiteral("--dtype") << dtype;
    if (m_force->isChecked()) result << QStringLiteral("--force");
    return result;
}

method::MethodSettings CompressDialog::chosenSettings() const {
    method::MethodSettings settings = m_session->plan()->settings;
    for (const auto& [name, setting] :
         {std::pair{"alpha", &settings.alpha}, std::pair{"ridge", &settings.ridge}}) {
        bool number = false;
        const double value = QLocale::c().toDouble(m_options.value(name), &number);
        *setting = number ? value : *setting;
    }
    return settings;
}

void CompressDialog::start() {
    m_result->clear();
    if (m_folder->text().trimmed().isEmpty()) {
        m_result->setText(tr("Name the folder to write."));
        m_folder->setFocus();
        return;
    }
    const auto storage = plan::storageChoiceNamed(m_options.value("storage").toStdString());
    if (storage && !slimPlan()) m_session->setStorage(*storage);
    if (!m_session->plan()) {
        m_result->setText(tr("No rank is chosen: drag the rank line first."));
        return;
    }
    const plan::CompressionPlan plan =
        plan::withMethod(*m_session->plan(), m_options.value("method").toStdString(),
                         chosenSettings(), m_session->spectra());
    const QString planFile = m_planFolder.filePath(QStringLiteral("plan.json"));
    try {
        writeFileAtomically(planFile.toStdString(), toJson(plan).dump(1));
    } catch (const Error& error) {
        m_result->setText(QString::fromStdString(error.what()).toHtmlEscaped());
        return;
    }
    m_label->setText(tr("Starting…"));
    m_job.start(tr("Compress"), m_session->program(), arguments(planFile));
}

void CompressDialog::followJob() {
    connect(m_stop, &QPushButton::clicked, this, [this] {
        m_job.cancel();
        m_label->setText(tr("Stopping…"));
    });
    connect(&m_job, &JobSlot::progressed, this, [this](double fraction, const QString& label) {
        m_progress->setValue(static_cast<int>(1000 * fraction));
        m_label->setText(label);
    });
    connect(&m_job, &JobSlot::done, this, &CompressDialog::finish);
    connect(&m_job, &JobSlot::failed, this, [this](const QString& message) {
        m_label->setText(tr("Failed. Nothing was written."));
        m_result->setText(message.toHtmlEscaped());
    });
    connect(&m_job, &JobSlot::cancelled, this,
            [this] { m_label->setText(tr("Cancelled. Nothing was written.")); });
    connect(&m_job, &JobSlot::runningChanged, this, &CompressDialog::showRunning);
}

void CompressDialog::finish(const Json& result) {
    m_progress->setValue(1000);
    m_label->setText(tr("Done."));
    QString text;
    try {
        text = compressSummary(result);
    } catch (const Error& problem) {
        text = QString::fromStdString(problem.what()).toHtmlEscaped();
    }
    for (const QString& warning : m_job.warnings())
        text += tr("<br>Note: %1").arg(warning.toHtmlEscaped());
    m_result->setText(text);
}

void CompressDialog::showRunning() {
    const bool running = m_job.isRunning();
    m_form->setEnabled(!running);
    m_start->setEnabled(!running);
    m_stop->setEnabled(running);
    m_close->setEnabled(!running);
    m_progress->setVisible(running);
    if (running) m_progress->setValue(0);
}

}  // namespace rankscope::ui
