// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <map>
#include <string>

#include "core/spectra/power_law.h"
#include "ui/session/one_job.h"

namespace rankscope::ui {

/// Bootstraps of alpha of the open checkpoint's matrices, made on demand in a child process and
/// forgotten with the checkpoint.
class AlphaBootstraps : public QObject {
    Q_OBJECT
 public:
    static constexpr int resamples = 200;  // know a standard deviation to 5 %

    explicit AlphaBootstraps(Session* session, QObject* parent = nullptr);

    /// Null where it was not asked for, or is still being made.
    const spectra::AlphaBootstrap* of(const std::string& matrix) const;
    bool running() const { return m_job.job() != nullptr; }
    /// Starts a job for the matrix; nothing while one runs.
    void request(const std::string& matrix);

 signals:
    void changed();

 private:
    void forget();
    void take(const Json& document);

    Session* m_session;
    std::map<std::string, spectra::AlphaBootstrap> m_known;
    OneJob m_job;
};

}  // namespace rankscope::ui
