// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job.h"

#include <QCoreApplication>
#include <QDir>
#include <QTimer>
#include <csignal>

#include "core/base/error.h"
#include "ui/session/job_events.h"

namespace rankscope::ui {

namespace {

// A child that does not stop by itself ends, and cleans up, at the second signal.
constexpr int askAgainAfterMilliseconds = 1500;
constexpr int killAfterMilliseconds = 3000;
constexpr qsizetype errorTailBytes = 2000;

QString fromUtf8(const std::string& text) { return QString::fromStdString(text); }

}  // namespace

Job::Job(QString title, QString program, QStringList arguments, QObject* parent)
    : QObject(parent),
      m_title(std::move(title)),
      m_program(std::move(program)),
      m_arguments(std::move(arguments)) {
    m_arguments << QStringLiteral("--events");
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &Job::readLines);
    connect(&m_process, &QProcess::readyReadStandardError, this, &Job::readErrors);
    connect(&m_process, &QProcess::finished, this, &Job::onFinished);
    connect(&m_process, &QProcess::errorOccurred, this, &Job::onError);
}

Job::~Job() {
    m_process.disconnect(this);
    if (!isRunning()) return;
    interrupt();
    if (m_process.waitForFinished(askAgainAfterMilliseconds)) return;
    interrupt();
    if (!m_process.waitForFinished(killAfterMilliseconds - askAgainAfterMilliseconds)) {
        m_process.kill();
        m_process.waitForFinished(killAfterMilliseconds);
    }
}

QString Job::defaultProgram() {
    return QDir(QCoreApplication::applicationDirPath()).filePath(QStringLiteral("rankscope-cli"));
}

void Job::start() { m_process.start(m_program, m_arguments, QIODevice::ReadOnly); }

void Job::cancel() {
    if (!isRunning() || m_cancelled) return;
    m_cancelled = true;
    interrupt();
    QTimer::singleShot(askAgainAfterMilliseconds, this, &Job::interrupt);
    QTimer::singleShot(killAfterMilliseconds, this, [this] {
        if (isRunning()) m_process.kill();
    });
}

void Job::interrupt() {
    if (isRunning() && m_process.processId() > 0)
        ::kill(static_cast<pid_t>(m_process.processId()), SIGINT);
}

void Job::readLines() {
    while (m_process.canReadLine()) readLine(m_process.readLine().trimmed());
}

void Job::readLine(const QByteArray& line) {
    if (line.isEmpty()) return;
    try {
        const auto event = parseJobEvent(line.toStdString());
        if (!event) return;
        if (const auto* progress = std::get_if<ProgressEvent>(&*event)) {
            emit progressed(progress->fraction, fromUtf8(progress->label));
        } else if (const auto* warning = std::get_if<WarningEvent>(&*event)) {
            m_warnings << fromUtf8(warning->message);
            emit warned(m_warnings.back());
        } else if (const auto* found = std::get_if<SpectrumEvent>(&*event)) {
            emit spectrumFound(found->spectrum);
        } else if (const auto* result = std::get_if<DoneEvent>(&*event)) {
            m_result = result->result;
            m_hasResult = true;
        } else if (const auto* error = std::get_if<ErrorEvent>(&*event)) {
            m_errorMessage = fromUtf8(error->message);
        }
    } catch (const Error& error) {
        m_warnings << fromUtf8(error.what());
        emit warned(m_warnings.back());
    }
}

void Job::readErrors() {
    m_errorTail += m_process.readAllStandardError();
    m_errorTail = m_errorTail.right(errorTailBytes);
}

void Job::onFinished(int exitCode, QProcess::ExitStatus status) {
    readLines();
    readLine(m_process.readAll().trimmed());
    readErrors();
    if (m_finished) return;
    if (m_hasResult && exitCode == 0 && status == QProcess::NormalExit) {
        emit done(m_result);  // it was quicker than the cancel, if there was one
    } else if (m_cancelled) {
        emit cancelled();
    } else if (!m_errorMessage.isEmpty()) {
        emit failed(m_errorMessage);
    } else {
        const QString how = status == QProcess::CrashExit
                                ? tr("%1 ended unexpectedly (crashed, or was killed for memory).")
                                : tr("%1 ended with exit code %2 and without a result.");
        QString message = status == QProcess::CrashExit
                              ? how.arg(QDir::toNativeSeparators(m_program))
                              : how.arg(QDir::toNativeSeparators(m_program)).arg(exitCode);
        if (!m_errorTail.trimmed().isEmpty()) {
            message += QLatin1Char('\n') +
                       fromUtf8(printable(m_errorTail.trimmed().toStdString(), errorTailBytes));
        }
        emit failed(message);
    }
    finish();
}

void Job::onError(QProcess::ProcessError error) {
    if (error != QProcess::FailedToStart || m_finished) return;
    emit failed(tr("%1 could not be started: %2. The window computes through this program; "
                   "install it beside the window's.")
                    .arg(QDir::toNativeSeparators(m_program), m_process.errorString()));
    finish();
}

void Job::finish() {
    m_finished = true;
    emit ended();
}

}  // namespace rankscope::ui
