// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QStringList>
#include <map>
#include <string>
#include <vector>

#include "core/method/method_curves.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// Races of the open checkpoint's matrices on the calibration in use, computed on demand in a child
/// process, one matrix at a time; forgotten with the checkpoint and with the calibration.
class RaceResults : public QObject {
    Q_OBJECT
 public:
    explicit RaceResults(Session* session, QObject* parent = nullptr);

    /// Null where it is not known.
    const std::vector<method::MethodCurve>* of(const std::string& matrix) const;
    /// Dialogues of the calibration that the results are of; 0 before there is one.
    std::int64_t samples() const { return m_samples; }
    std::int64_t heldOut() const { return m_heldOut; }
    /// What the child warned of with the matrix's result, e.g. which methods are left out.
    QStringList notes(const std::string& matrix) const;
    /// Why there is no result although it was asked for: what failed, or that it was stopped.
    QString problem(const std::string& matrix) const;
    /// Starts a job for the matrix where there is a calibration and it was not asked for before. A
    /// job for another matrix is stopped first: ask again on changed().
    void request(const std::string& matrix);
    /// What failed or was stopped may be requested once more.
    void askAgain();
    /// Takes what `curve --calibration --json` printed. On an error Session::failed() says why.
    void take(const Json& document);
    Job* job() const { return m_job; }

 signals:
    void started(rankscope::ui::Job* job);
    void changed();

 private:
    void forget();
    void follow(Job* job, const std::string& matrix);

    Session* m_session;
    std::map<std::string, std::vector<method::MethodCurve>> m_known;
    std::map<std::string, QStringList> m_notes;
    std::map<std::string, QString> m_problems;
    std::int64_t m_samples = 0, m_heldOut = 0;
    Job* m_job = nullptr;
    std::string m_running;      // the matrix of m_job
    bool m_superseded = false;  // m_job was stopped for another matrix
};

}  // namespace rankscope::ui
