// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QTemporaryDir>

#include "core/method/method.h"
#include "ui/dialogs/job_dialog.h"
#include "ui/session/job_slot.h"
#include "ui/session/session.h"
#include "ui/widgets/option_form.h"

namespace rankscope::ui {

/// The lines that tell what a finished `compress` did, from its JSON document. Throws Error if it
/// is none.
QString compressSummary(const Json& result);

/// Asks where and how to write, runs `rankscope-cli compress` with the session's plan, and shows
/// progress and result.
class CompressDialog : public JobDialog {
    Q_OBJECT
 public:
    explicit CompressDialog(Session* session, QWidget* parent = nullptr);

 private:
    void makeForm();
    void addMethods();
    bool slimPlan() const;  ///< whether the current plan is by slim
    void enableSettings();  ///< only those that the method looks at
    void chooseFolder();
    void start();
    /// The plan's, with those that the form gives; there must be a plan.
    method::MethodSettings chosenSettings() const;
    QStringList arguments(const QString& planFile) const;
    void followJob();
    void finish(const Json& result);
    void showRunning();

    Session* m_session;
    QWidget* m_form;
    OptionForm m_options;
    QLineEdit* m_folder = nullptr;
    QComboBox* m_dtype = nullptr;
    QCheckBox* m_force = nullptr;
    QLabel* m_methods = nullptr;
    QProgressBar* m_progress;
    QLabel* m_label;
    QLabel* m_result;
    QPushButton* m_start;
    QPushButton* m_stop;
    QPushButton* m_close;
    QTemporaryDir m_planFolder;
};

}  // namespace rankscope::ui
