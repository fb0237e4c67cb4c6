// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/evaluation_request.h"

#include <QRegularExpression>

namespace rankscope::ui {

QStringList evaluateArguments(const EvaluationRequest& request) {
    QStringList words{QStringLiteral("evaluate")};
    words += request.checkpoints;
    const auto add = [&](const QString& name, const QString& value) {
        if (!value.isEmpty()) words << QStringLiteral("--") + name << value;
    };
    add(QStringLiteral("plan"), request.planFile);
    add(QStringLiteral("data"), request.data);
    add(QStringLiteral("limit"), request.limit > 0 ? QString::number(request.limit) : QString());
    if (request.loss != request.rouge) {
        add(QStringLiteral("metrics"),
            request.loss ? QStringLiteral("loss") : QStringLiteral("rouge"));
    }
    add(QStringLiteral("preset"), request.preset);
    for (const auto& [name, value] : request.options) add(name, value);
    words << QStringLiteral("--per-sample");
    return words;
}

QString shellLine(const QStringList& words) {
    static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9_@%+=:,./-]+$"));
    QStringList quoted;
    for (const QString& word : words) {
        QString inner = word;
        quoted << (plain.match(word).hasMatch()
                       ? word
                       : QLatin1Char('\'') +
                             inner.replace(QLatin1Char('\''), QLatin1String("'\\''")) +
                             QLatin1Char('\''));
    }
    return quoted.join(QLatin1Char(' '));
}

}  // namespace rankscope::ui
