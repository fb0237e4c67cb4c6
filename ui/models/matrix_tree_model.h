// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractItemModel>
#include <memory>
#include <string>
#include <vector>

#include "ui/session/session.h"

namespace rankscope::ui {

/// The matrices of the open checkpoint as a tree: stack, block, matrix. Embedding and head stand
/// directly under their stack. Read-only; follows the session.
class MatrixTreeModel : public QAbstractItemModel {
    Q_OBJECT
 public:
    enum Column { NameColumn, ShapeColumn, RankColumn, ShareColumn, ColumnCount };
    enum DataRole {
        TensorNameRole = Qt::UserRole,  ///< QString; empty for stacks and blocks
        MatrixRoleRole                  ///< "q" … "head"; empty for stacks and blocks
    };

    explicit MatrixTreeModel(Session* session, QObject* parent = nullptr);
    ~MatrixTreeModel() override;

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
    QModelIndex parent(const QModelIndex& child) const override;
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    /// The row of a matrix; invalid if there is none of that name.
    QModelIndex indexOfMatrix(const std::string& name) const;

 private:
    struct Node;
    void rebuild();
    void ranksChanged();
    const Node* nodeOf(const QModelIndex& index) const;
    QModelIndex indexOf(const Node* node, int column) const;
    QVariant text(const Node& node, int column) const;
    QString toolTip(const Node& node) const;
    /// What the current plan by slim leaves of the matrix's layer; null: none does.
    const t5::SublayerSizes* slimSizes(const checkpoint::WeightMatrix& matrix) const;

    Session* m_session;
    std::unique_ptr<Node> m_root;
};

}  // namespace rankscope::ui
