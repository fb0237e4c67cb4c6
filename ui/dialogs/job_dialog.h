// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

#include "ui/session/job_slot.h"

namespace rankscope::ui {

/// A dialog with a child process of its own: Escape and the window's close button stop a running
/// job, and close the dialog only if none runs.
class JobDialog : public QDialog {
    Q_OBJECT
 public:
    using QDialog::QDialog;
    void reject() override;

 protected:
    JobSlot m_job{this};
};

}  // namespace rankscope::ui
