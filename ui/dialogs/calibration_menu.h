// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAction>
#include <QMenu>
#include <QPointer>

#include "ui/dialogs/calibrate_dialog.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// The menu of calibrations: make one, or take one from a file.
class CalibrationMenu : public QMenu {
    Q_OBJECT
 public:
    explicit CalibrationMenu(Session* session, QWidget* parent = nullptr);
    /// Opens the dialog beside the window, or brings it to the front.
    void calibrate();
    /// Asks for a file and uses it.
    void chooseFile();
    /// Makes the file the session's calibration; Session::failed() says why if it is none.
    /// Whether it fits the checkpoint is checked by the child that uses it.
    void use(const QString& file);

 private:
    Session* m_session;
    QAction* m_forget;
    QPointer<CalibrateDialog> m_dialog;
};

}  // namespace rankscope::ui
