// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QStringList>
#include <optional>

#include "core/plan/plan.h"
#include "core/search/pareto.h"
#include "ui/session/job_slot.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// The measurement that the user asked for.
struct FrontRequest {
    int from = 50, to = 90, step = 10;  ///< kept shares of the model's parameters in percent
    QStringList methods, allocations;
    QString targets;  ///< a group of matrices; empty: all linear ones
    plan::StorageChoice storage = plan::StorageChoice::Auto;
    QString maxRank, groups;  ///< as in --max-rank and --groups; empty: their defaults
    QString calibration;      ///< a file that `calibrate` wrote; empty: none
    QString data;             ///< dialogues; empty: the calibration's held-out ones
    int limit = 0;            ///< first so many dialogues of `data`; 0: all
    bool rouge = true;        ///< on `data`
};

/// How many settings the request has.
int settingsOf(const FrontRequest& request);
/// The words after `rankscope-cli`, without --events.
QStringList paretoArguments(const FrontRequest& request, const QString& checkpoint);

/// The front measured last for the open checkpoint, by a child process; forgotten with it.
class FrontRun : public QObject {
    Q_OBJECT
 public:
    explicit FrontRun(Session* session, QObject* parent = nullptr);
    /// Null if nothing was measured yet.
    const search::ParetoFront* front() const { return m_front ? &*m_front : nullptr; }
    JobSlot* job() { return &m_job; }
    /// The point that the session's plan is; nothing if it is none or was changed since.
    std::optional<std::size_t> planned() const { return m_planned; }

    /// Starts a job; false, and nothing started, while one runs or nothing is open.
    bool start(const FrontRequest& request);
    /// Takes what `pareto --plans --json` printed, measured with this storage. On an error the old
    /// one stays and Session::failed() says why.
    void take(const Json& document, plan::StorageChoice storage);
    /// Makes a point the session's plan, under the name `origin`.
    void choose(std::size_t point, const QString& origin);

 signals:
    /// Another front, or none any more.
    void frontChanged();
    void plannedChanged();

 private:
    void forget();

    Session* m_session;
    std::optional<search::ParetoFront> m_front;
    plan::StorageChoice m_storage = plan::StorageChoice::Auto;
    std::optional<std::size_t> m_planned;
    plan::StorageChoice m_storageAsked = plan::StorageChoice::Auto;  // of the job
    JobSlot m_job;
};

}  // namespace rankscope::ui
