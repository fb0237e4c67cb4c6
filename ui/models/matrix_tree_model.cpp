// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/matrix_tree_model.h"

#include <QLocale>
#include <algorithm>
#include <functional>
#include <vector>

#include "core/plan/plan.h"
#include "core/t5/t5_layout.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

struct MatrixTreeModel::Node {
    QString name;
    const checkpoint::WeightMatrix* matrix = nullptr;  // of the checkpoint; null for groups
    std::int64_t parameters = 0;                       // of all matrices below
    Node* parent = nullptr;
    int row = 0;
    std::vector<std::unique_ptr<Node>> children;

    Node* child(const QString& childName) {
        const auto found = std::find_if(children.begin(), children.end(), [&](const auto& node) {
            return !node->matrix && node->name == childName;
        });
        return found != children.end() ? found->get() : add(childName, nullptr);
    }
    Node* add(const QString& childName, const checkpoint::WeightMatrix* childMatrix) {
        auto node = std::make_unique<Node>();
        node->name = childName;
        node->matrix = childMatrix;
        node->parent = this;
        node->row = static_cast<int>(children.size());
        children.push_back(std::move(node));
        return children.back().get();
    }
};

namespace {

const std::vector<std::int64_t>& headSizes(const t5::SublayerSizes& sizes, checkpoint::Role role) {
    const bool scores = role == checkpoint::Role::Q || role == checkpoint::Role::K;
    return scores ? sizes.scores : sizes.values;
}

/// What slim leaves of a matrix: "d_kv 14", "d_kv 6–14", "110 units".
QString keptText(const t5::SublayerSizes& sizes, checkpoint::Role role) {
    if (sizes.units > 0) return QObject::tr("%1 units").arg(sizes.units);
    const auto [least, most] = std::ranges::minmax(headSizes(sizes, role));
    return least == most ? QObject::tr("d_kv %1").arg(least)
                         : QObject::tr("d_kv %1–%2").arg(least).arg(most);
}

}  // namespace

MatrixTreeModel::MatrixTreeModel(Session* session, QObject* parent)
    : QAbstractItemModel(parent), m_session(session), m_root(std::make_unique<Node>()) {
    connect(session, &Session::checkpointOpened, this, &MatrixTreeModel::rebuild);
    connect(session, &Session::planChanged, this, &MatrixTreeModel::ranksChanged);
    rebuild();
}

MatrixTreeModel::~MatrixTreeModel() = default;

void MatrixTreeModel::rebuild() {
    beginResetModel();
    m_root = std::make_unique<Node>();
    if (const auto* checkpoint = m_session->checkpoint()) {
        for (const auto& matrix : checkpoint->matrices()) {
            const auto stack = checkpoint::stackName(matrix.stack);
            Node* group = m_root->child(
                QString::fromUtf8(stack.data(), static_cast<qsizetype>(stack.size())));
            if (matrix.block >= 0) group = group->child(tr("block %1").arg(matrix.block));
            Node* leaf = group->add(moduleName(matrix.name), &matrix);
            leaf->parameters = matrix.rows * matrix.columns;
            for (Node* above = group; above; above = above->parent)
                above->parameters += leaf->parameters;
        }
    }
    endResetModel();
}

void MatrixTreeModel::ranksChanged() {
    const std::function<void(const Node&)> announce = [&](const Node& node) {
        if (node.children.empty()) return;
        emit dataChanged(indexOf(node.children.front().get(), RankColumn),
                         indexOf(node.children.back().get(), RankColumn), {Qt::DisplayRole});
        for (const auto& child : node.children) announce(*child);
    };
    announce(*m_root);
}

const MatrixTreeModel::Node* MatrixTreeModel::nodeOf(const QModelIndex& index) const {
    return index.isValid() ? static_cast<const Node*>(index.internalPointer()) : m_root.get();
}

QModelIndex MatrixTreeModel::indexOf(const Node* node, int column) const {
    return node == m_root.get() ? QModelIndex() : createIndex(node->row, column, node);
}

QModelIndex MatrixTreeModel::index(int row, int column, const QModelIndex& parent) const {
    if (!hasIndex(row, column, parent)) return {};
    return createIndex(row, column, nodeOf(parent)->children[static_cast<std::size_t>(row)].get());
}

QModelIndex MatrixTreeModel::parent(const QModelIndex& child) const {
    return child.isValid() ? indexOf(nodeOf(child)->parent, NameColumn) : QModelIndex();
}

int MatrixTreeModel::rowCount(const QModelIndex& parent) const {
    return parent.column() > 0 ? 0 : static_cast<int>(nodeOf(parent)->children.size());
}

int MatrixTreeModel::columnCount(const QModelIndex& /*parent*/) const { return ColumnCount; }

const t5::SublayerSizes* MatrixTreeModel::slimSizes(const checkpoint::WeightMatrix& matrix) const {
    if (!m_session->plan()) return nullptr;
    const t5::LayerSizes& sizes = m_session->plan()->sizes;
    const auto own = sizes.find(t5::sublayerName(matrix.stack, matrix.block, matrix.sublayer));
    return own == sizes.end() ? nullptr : &own->second;
}

QVariant MatrixTreeModel::text(const Node& node, int column) const {
    switch (column) {
        case NameColumn:
            return node.name;
        case ShapeColumn:
            return node.matrix ? tr("%1 × %2").arg(node.matrix->rows).arg(node.matrix->columns)
                               : QString();
        case RankColumn: {
            if (!node.matrix) return {};
            if (const auto* sizes = slimSizes(*node.matrix))
                return keptText(*sizes, node.matrix->role);
            const auto chosen = m_session->chosenRank(node.matrix->name);
            return chosen ? QString::number(*chosen) : tr("full");
        }
        case ShareColumn: {
            const auto whole = m_session->checkpoint()->denseParameterCount();
            const double share = whole > 0 ? 100.0 * static_cast<double>(node.parameters) /
                                                 static_cast<double>(whole)
                                           : 0.0;
            return tr("%1 %").arg(QLocale::c().toString(share, 'f', 2));
        }
        default:
            return {};
    }
}

QString MatrixTreeModel::toolTip(const Node& node) const {
    if (!node.matrix) return tr("%1 parameters").arg(grouped(node.parameters));
    QString tip = tr("%1\n%2 parameters, [out, in]")
                      .arg(QString::fromStdString(node.matrix->name), grouped(node.parameters));
    const auto* sizes = slimSizes(*node.matrix);
    if (sizes == nullptr || sizes->units > 0) return tip;
    QStringList heads;
    for (const std::int64_t size : headSizes(*sizes, node.matrix->role))
        heads << QString::number(size);
    return tip + tr("\nDimensions left of each head: %1").arg(heads.join(QStringLiteral(", ")));
}

QVariant MatrixTreeModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const Node& node = *nodeOf(index);
    switch (role) {
        case Qt::DisplayRole:
            return text(node, index.column());
        case Qt::TextAlignmentRole:
            return index.column() == NameColumn ? QVariant(Qt::AlignLeft | Qt::AlignVCenter)
                                                : QVariant(Qt::AlignRight | Qt::AlignVCenter);
        case Qt::ToolTipRole:
            return toolTip(node);
        case TensorNameRole:
            return node.matrix ? QString::fromStdString(node.matrix->name) : QString();
        case MatrixRoleRole:
            return node.matrix ? QString::fromStdString(
                                     std::string(checkpoint::roleName(node.matrix->role)))
                               : QString();
        default:
            return {};
    }
}

QVariant MatrixTreeModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::DisplayRole) {
        switch (section) {
            case NameColumn:
                return tr("Matrix");
            case ShapeColumn:
                return tr("Shape");
            case RankColumn:
                return tr("Rank");
            case ShareColumn:
                return tr("Share");
            default:
                return {};
        }
    }
    if (role == Qt::ToolTipRole && section == ShareColumn)
        return tr("Share of the whole model's parameters");
    if (role == Qt::TextAlignmentRole && section != NameColumn)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    return {};
}

QModelIndex MatrixTreeModel::indexOfMatrix(const std::string& name) const {
    const std::function<const Node*(const Node&)> find = [&](const Node& node) -> const Node* {
        if (node.matrix && node.matrix->name == name) return &node;
        for (const auto& child : node.children)
            if (const Node* found = find(*child)) return found;
        return nullptr;
    };
    const Node* found = find(*m_root);
    return found ? indexOf(found, NameColumn) : QModelIndex();
}

}  // namespace rankscope::ui
