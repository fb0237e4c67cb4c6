// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QStringList>
#include <map>
#include <string>
#include <vector>

#include "core/base/json_reader.h"
#include "ui/session/job_slot.h"
#include "ui/session/session.h"

namespace rankscope::ui {

/// Asks a child process for results of single matrices of the open checkpoint, one job at a time.
/// Forgets them when another checkpoint is opened.
class MatrixRequests : public QObject {
    Q_OBJECT
 public:
    MatrixRequests(Session* session, QObject* parent);

    JobSlot* job() { return &m_job; }
    /// Why there is no result of a matrix that was asked for: what failed, or that it was stopped.
    QString problem(const std::string& matrix) const;
    /// Starts a job for those of the matrices that have neither result nor problem. Nothing while
    /// one runs: ask again on changed().
    void request(const std::vector<std::string>& matrices);
    /// Forgets the problems, so that what failed or was stopped may be requested once more.
    void askAgain();

 signals:
    /// Results or problems are others than before.
    void changed();

 protected:
    const Session& session() const { return *m_session; }
    const std::vector<std::string>& running() const { return m_running; }
    void forget();
    /// Stops the running job and leaves no problem.
    void giveWay();
    /// Warnings and failures go to the session too.
    void reportToSession();

    virtual bool knows(const std::string& matrix) const = 0;
    virtual void forgetResults() = 0;
    virtual QString title(const QStringList& matrices) const = 0;
    /// The words after `rankscope-cli`, without --events.
    virtual QStringList words(const QStringList& matrices) const = 0;
    /// Adds the results of what the child printed. Throws if it cannot be read.
    virtual void read(const JsonReader& document) = 0;
    /// "The permutations could not be read: %1"
    virtual QString cannotBeRead() const = 0;

 private:
    void take(const Json& document);
    void setProblem(const QString& sentence);

    Session* m_session;
    JobSlot m_job;
    std::vector<std::string> m_running;  // the matrices of the job
    std::map<std::string, QString> m_problems;
};

/// The results known so far.
template <class Value>
class MatrixResults : public MatrixRequests {
 public:
    using MatrixRequests::MatrixRequests;

    const std::map<std::string, Value>& known() const { return m_known; }
    /// Null if it is not known.
    const Value* of(const std::string& matrix) const {
        const auto found = m_known.find(matrix);
        return found == m_known.end() ? nullptr : &found->second;
    }

 protected:
    void add(const std::string& matrix, Value value) {
        m_known.insert_or_assign(matrix, std::move(value));
    }
    bool knows(const std::string& matrix) const override { return m_known.contains(matrix); }
    void forgetResults() override { m_known.clear(); }

 private:
    std::map<std::string, Value> m_known;
};

}  // namespace rankscope::ui
