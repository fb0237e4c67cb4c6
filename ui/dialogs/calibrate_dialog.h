// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

#include "ui/dialogs/job_dialog.h"
#include "ui/session/job_slot.h"
#include "ui/session/session.h"
#include "ui/widgets/job_progress.h"
#include "ui/widgets/option_form.h"

namespace rankscope::ui {

/// The lines that tell what a finished `calibrate` did, from its JSON document. Throws Error if it
/// is none.
QString calibrateSummary(const Json& result);

/// Asks for dialogues and a file to write, runs `rankscope-cli calibrate`, and makes the file the
/// session's calibration.
class CalibrateDialog : public JobDialog {
    Q_OBJECT
 public:
    explicit CalibrateDialog(Session* session, QWidget* parent = nullptr);

 private:
    void makeForm();
    void followJob();
    QLineEdit* addFileRow(const QString& label, const QString& toolTip,
                          void (CalibrateDialog::*)());
    void chooseData();
    void chooseFile();
    void start();
    void finish(const Json& result);
    /// Stops and closes: the checkpoint that it was for is open no more.
    void giveUp();
    QStringList arguments() const;
    void showRunning();

    Session* m_session;
    QWidget* m_form;
    OptionForm m_options;
    QLineEdit* m_data = nullptr;
    QLineEdit* m_file = nullptr;
    QCheckBox* m_gradients = nullptr;
    QCheckBox* m_replace = nullptr;
    JobProgress* m_progress;
    QLabel* m_result;
    QPushButton* m_start;
    QPushButton* m_close;
};

}  // namespace rankscope::ui
