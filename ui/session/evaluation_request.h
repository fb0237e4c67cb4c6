// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>
#include <utility>
#include <vector>

namespace rankscope::ui {

/// The evaluation that the user asked for.
struct EvaluationRequest {
    QStringList checkpoints;  ///< the first is the baseline
    QString planFile;         ///< of the baseline's plan in hand; empty: without it
    QString data;             ///< file or folder; empty: the demo's dialogues
    int limit = 0;            ///< first so many dialogues; 0: all
    bool loss = true, rouge = true;
    QString preset;
    /// Options that differ from the preset, name without dashes and value.
    std::vector<std::pair<QString, QString>> options;
};

/// The words after `rankscope-cli`, without --events.
QStringList evaluateArguments(const EvaluationRequest& request);

/// The words as one line that a POSIX shell reads back as exactly these words.
QString shellLine(const QStringList& words);

}  // namespace rankscope::ui
