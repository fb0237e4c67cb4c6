// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/word_diff.h"

#include <QRegularExpression>
#include <QStringList>
#include <algorithm>
#include <cstdint>

namespace rankscope::ui {

namespace {

// A table of this many lengths is filled in well under a tenth of a second.
constexpr std::size_t largestTable = 4'000'000;

std::vector<DiffWord> words(const QString& text) {
    static const QRegularExpression space(QStringLiteral("\\s+"));
    std::vector<DiffWord> result;
    for (const QString& word : text.split(space, Qt::SkipEmptyParts))
        result.push_back({word, true});
    return result;
}

/// Marks the words of the longest common subsequence of left[first …) and right[first …), the
/// last `tail` words of both left out.
void markCommon(WordDiff& diff, std::size_t first, std::size_t tail) {
    const std::size_t rows = diff.left.size() - first - tail;
    const std::size_t columns = diff.right.size() - first - tail;
    if (rows == 0 || columns == 0 || (rows + 1) * (columns + 1) > largestTable) return;
    // length[i][j]: of the longest common subsequence of what follows row i and column j
    std::vector<std::int32_t> length((rows + 1) * (columns + 1), 0);
    const auto at = [&](std::size_t i, std::size_t j) -> std::int32_t& {
        return length[i * (columns + 1) + j];
    };
    const auto same = [&](std::size_t i, std::size_t j) {
        return diff.left[first + i].word == diff.right[first + j].word;
    };
    for (std::size_t i = rows; i-- > 0;)
        for (std::size_t j = columns; j-- > 0;)
            at(i, j) = same(i, j) ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    for (std::size_t i = 0, j = 0; i < rows && j < columns;) {
        if (same(i, j)) {
            diff.left[first + i++].differs = false;
            diff.right[first + j++].differs = false;
        } else if (at(i + 1, j) >= at(i, j + 1)) {
            ++i;
        } else {
            ++j;
        }
    }
}

}  // namespace

WordDiff wordDiff(const QString& left, const QString& right) {
    WordDiff diff{words(left), words(right)};
    const std::size_t shorter = std::min(diff.left.size(), diff.right.size());
    std::size_t first = 0;
    while (first < shorter && diff.left[first].word == diff.right[first].word) {
        diff.left[first].differs = false;
        diff.right[first].differs = false;
        ++first;
    }
    std::size_t tail = 0;
    while (tail < shorter - first) {
        DiffWord& a = diff.left[diff.left.size() - 1 - tail];
        DiffWord& b = diff.right[diff.right.size() - 1 - tail];
        if (a.word != b.word) break;
        a.differs = false;
        b.differs = false;
        ++tail;
    }
    markCommon(diff, first, tail);
    return diff;
}

QString markedHtml(const std::vector<DiffWord>& words, const QColor& background,
                   const QColor& foreground) {
    const QString open = QStringLiteral(
                             "<span style=\"font-weight:bold;text-decoration:underline;"
                             "background-color:%1;color:%2\">")
                             .arg(background.name(), foreground.name());
    QString html;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool opens = words[i].differs && (i == 0 || !words[i - 1].differs);
        const bool closes = words[i].differs && (i + 1 == words.size() || !words[i + 1].differs);
        if (i > 0) html += QLatin1Char(' ');
        html += (opens ? open : QString()) + words[i].word.toHtmlEscaped() +
                (closes ? QStringLiteral("</span>") : QString());
    }
    return html;
}

}  // namespace rankscope::ui
