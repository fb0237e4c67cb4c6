// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

namespace rankscope::ui {

/// A sortable table of results, read-only. Ctrl+C copies the selected cells as tab-separated text,
/// one line a row; a third click on a title brings the original order back.
class ResultTable : public QTableView {
    Q_OBJECT
 public:
    explicit ResultTable(const QString& accessibleName, QWidget* parent = nullptr);
    /// The selected cells as Ctrl+C copies them; lines within a cell become spaces.
    QString selectedText() const;
    /// Columns as wide as their cells, rows as high as theirs.
    void fit();

 protected:
    void keyPressEvent(QKeyEvent* event) override;
};

}  // namespace rankscope::ui
