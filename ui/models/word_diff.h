// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>
#include <vector>

namespace rankscope::ui {

/// One word of a text, and whether the other text has no counterpart for it.
struct DiffWord {
    QString word;
    bool differs = false;
    bool operator==(const DiffWord&) const = default;
};

/// Two texts word by word. Words end at white space and are compared exactly, case and
/// punctuation included.
struct WordDiff {
    std::vector<DiffWord> left, right;
};

/// Words outside a longest common subsequence of words differ. Where both texts differ over
/// thousands of words, everything between their common beginning and end counts as different.
WordDiff wordDiff(const QString& left, const QString& right);

/// The words as HTML. Those that differ are bold, underlined and on `background`, in `foreground`:
/// never told by colour alone.
QString markedHtml(const std::vector<DiffWord>& words, const QColor& background,
                   const QColor& foreground);

}  // namespace rankscope::ui
