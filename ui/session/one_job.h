// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <functional>

#include "ui/session/session.h"

namespace rankscope::ui {

/// A child process for the open checkpoint, at most one of its kind at a time.
class OneJob : public QObject {
    Q_OBJECT
 public:
    explicit OneJob(Session* session, QObject* parent = nullptr);

    Job* job() const { return m_job; }
    /// `done` takes what the child printed; its warnings and failure go to the session. Null, and
    /// nothing started, while one runs, or without a program.
    Job* start(const QString& title, const QStringList& arguments,
               std::function<void(const Json&)> done);
    /// Stops the child; nothing is heard of it any more.
    void drop();

 signals:
    void ended();

 private:
    Session* m_session;
    Job* m_job = nullptr;
};

}  // namespace rankscope::ui
