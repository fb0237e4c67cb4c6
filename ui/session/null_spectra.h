// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/spectra/permutation_null.h"
#include "ui/session/one_job.h"

namespace rankscope::ui {

/// Permutation nulls of the open checkpoint's matrices, computed on demand in a child process and
/// forgotten with the checkpoint.
class NullSpectra : public QObject {
    Q_OBJECT
 public:
    explicit NullSpectra(Session* session, QObject* parent = nullptr);

    const std::map<std::string, spectra::NullSpectrum>& known() const { return m_known; }
    /// Starts a job for those of the matrices that are not known and were not asked for; nothing
    /// while one runs: ask again on changed().
    void request(const std::vector<std::string>& names);
    /// What failed or was cancelled may be requested once more.
    void askAgain();
    /// Takes what `spectrum --null N --json` printed. On an error Session::failed() says why.
    void take(const Json& document);

 signals:
    void changed();

 private:
    void forget();

    Session* m_session;
    std::map<std::string, spectra::NullSpectrum> m_known;
    std::set<std::string> m_asked;  // also those that failed: not again and again
    OneJob m_job;
};

}  // namespace rankscope::ui
