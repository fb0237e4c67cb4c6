// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLineEdit>
#include <QTreeView>
#include <QWidget>

#include "ui/models/matrix_filter.h"
#include "ui/models/matrix_tree_model.h"

namespace rankscope::ui {

/// The matrix tree with its filter box. Selecting a stack or block selects its matrices.
class MatrixPanel : public QWidget {
    Q_OBJECT
 public:
    explicit MatrixPanel(Session* session, QWidget* parent = nullptr);
    /// Selects one matrix in the tree, and so in the session; a filter that hides it is cleared.
    void selectMatrix(const std::string& name);

 private:
    void showCheckpoint();
    void applyFilter(const QString& text);
    void sendSelection();

    Session* m_session;
    MatrixTreeModel* m_model;
    MatrixFilter* m_filter;
    QLineEdit* m_filterBox;
    QTreeView* m_tree;
};

}  // namespace rankscope::ui
