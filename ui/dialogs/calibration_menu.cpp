// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/calibration_menu.h"

#include <QFileDialog>

#include "core/base/error.h"
#include "core/workspace/calibration_file.h"

namespace rankscope::ui {

CalibrationMenu::CalibrationMenu(Session* session, QWidget* parent)
    : QMenu(tr("C&alibration"), parent), m_session(session) {
    QAction* const make = addAction(tr("&Calibrate…"), this, &CalibrationMenu::calibrate);
    QAction* const choose =
        addAction(tr("&Use calibration file…"), this, &CalibrationMenu::chooseFile);
    m_forget =
        addAction(tr("&Stop using it"), this, [this] { m_session->setCalibrationFile(QString()); });
    for (QAction* action : {make, choose}) {
        action->setEnabled(false);
        connect(session, &Session::checkpointOpened, action,
                [action] { action->setEnabled(true); });
    }
    m_forget->setEnabled(false);
    connect(session, &Session::calibrationChanged, this,
            [this] { m_forget->setEnabled(!m_session->calibrationFile().isEmpty()); });
}

void CalibrationMenu::calibrate() {
    if (!m_session->checkpoint()) return;
    if (!m_dialog) {
        m_dialog = new CalibrateDialog(m_session, parentWidget());
        m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    }
    m_dialog->show();
    m_dialog->raise();
    m_dialog->activateWindow();
}

void CalibrationMenu::chooseFile() {
    const QString file = QFileDialog::getOpenFileName(
        parentWidget(), tr("Use a calibration"), QFileInfo(m_session->calibrationFile()).path(),
        tr("Calibrations (*.h5);;All files (*)"));
    if (!file.isEmpty()) use(file);
}

void CalibrationMenu::use(const QString& file) {
    try {
        workspace::openCalibration(file.toStdString());
        m_session->setCalibrationFile(QFileInfo(file).absoluteFilePath());
    } catch (const Error& error) {
        m_session->report(QString::fromStdString(error.what()));
    }
}

}  // namespace rankscope::ui
