// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/job_dialog.h"

namespace rankscope::ui {

void JobDialog::reject() {
    if (m_job.isRunning()) {
        m_job.cancel();
        return;
    }
    QDialog::reject();
}

}  // namespace rankscope::ui
