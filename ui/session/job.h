// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QProcess>
#include <QStringList>

#include "core/base/json.h"
#include "core/spectra/spectrum.h"

namespace rankscope::ui {

/// Long work in a child process: `rankscope-cli … --events`. Exactly one of done(), failed() and
/// cancelled() is sent, then ended(). What the child reported before it ended stays reported.
class Job : public QObject {
    Q_OBJECT
 public:
    /// `title` is shown beside the progress bar; `arguments` without --events.
    Job(QString title, QString program, QStringList arguments, QObject* parent = nullptr);
    ~Job() override;

    const QString& title() const { return m_title; }
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    const QStringList& warnings() const { return m_warnings; }
    qint64 processId() const { return m_process.processId(); }

    void start();
    /// SIGINT, again if the child does not stop by itself, and SIGKILL after three seconds.
    void cancel();

    /// rankscope-cli beside the running program.
    static QString defaultProgram();

 signals:
    void progressed(double fraction, const QString& label);
    void warned(const QString& message);
    void spectrumFound(const rankscope::spectra::Spectrum& spectrum);
    void done(const rankscope::Json& result);
    void failed(const QString& message);
    void cancelled();
    void ended();

 private:
    void interrupt();
    void readLines();
    void readLine(const QByteArray& line);
    void readErrors();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void onError(QProcess::ProcessError error);
    void finish();

    QString m_title;
    QString m_program;
    QStringList m_arguments;
    QProcess m_process;
    QStringList m_warnings;
    QByteArray m_errorTail;  // the last of the child's stderr
    QString m_errorMessage;
    Json m_result;
    bool m_hasResult = false;
    bool m_cancelled = false;
    bool m_finished = false;
};

}  // namespace rankscope::ui
