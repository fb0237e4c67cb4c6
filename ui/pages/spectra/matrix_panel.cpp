// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/matrix_panel.h"

#include <QHeaderView>
#include <QLabel>
#include <QVBoxLayout>
#include <functional>

namespace rankscope::ui {

MatrixPanel::MatrixPanel(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(new MatrixTreeModel(session, this)),
      m_filter(new MatrixFilter(this)),
      m_filterBox(new QLineEdit(this)),
      m_tree(new QTreeView(this)) {
    m_filterBox->setObjectName(QStringLiteral("matrixFilter"));
    m_tree->setObjectName(QStringLiteral("matrices"));
    m_filter->setSourceModel(m_model);
    auto* label = new QLabel(tr("&Filter:"), this);
    label->setBuddy(m_filterBox);
    m_filterBox->setPlaceholderText(tr("e.g. encoder q, or *wi_?*"));
    m_filterBox->setClearButtonEnabled(true);
    m_filterBox->setAccessibleName(tr("Filter of the matrix tree"));
    m_filterBox->setToolTip(
        tr("Every word must fit: a role (q, k, v, o, wi, wi_0, wi_1, wo),\n"
           "a pattern with * or ?, or a part of the tensor's name."));
    m_tree->setModel(m_filter);
    m_tree->setAccessibleName(tr("Matrices of the checkpoint"));
    m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_tree->setUniformRowHeights(true);
    m_tree->setAlternatingRowColors(true);
    m_tree->setIndentation(14);
    auto* header = m_tree->header();
    header->setStretchLastSection(false);
    header->setSectionResizeMode(QHeaderView::ResizeToContents);
    header->setSectionResizeMode(MatrixTreeModel::NameColumn, QHeaderView::Stretch);
    auto* row = new QHBoxLayout;
    row->addWidget(label);
    row->addWidget(m_filterBox);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 0, 6);
    layout->addLayout(row);
    layout->addWidget(m_tree);
    connect(m_filterBox, &QLineEdit::textChanged, this, &MatrixPanel::applyFilter);
    connect(m_tree->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &MatrixPanel::sendSelection);
    connect(m_tree->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &MatrixPanel::sendSelection);
    connect(session, &Session::checkpointOpened, this, &MatrixPanel::showCheckpoint);
}

void MatrixPanel::showCheckpoint() {
    m_filterBox->clear();
    if (m_session->linearMatrices().empty()) return;
    // Something is shown at once: the first block, opened and selected.
    const auto leaf =
        m_filter->mapFromSource(m_model->indexOfMatrix(m_session->linearMatrices().front().name));
    const QModelIndex block = leaf.parent();
    for (int row = 0; row < m_filter->rowCount(); ++row) m_tree->expand(m_filter->index(row, 0));
    m_tree->expand(block);
    m_tree->selectionModel()->setCurrentIndex(
        block, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    m_tree->scrollTo(block, QAbstractItemView::PositionAtTop);
}

void MatrixPanel::selectMatrix(const std::string& name) {
    const QModelIndex source = m_model->indexOfMatrix(name);
    if (!m_filter->mapFromSource(source).isValid()) m_filterBox->clear();
    const QModelIndex index = m_filter->mapFromSource(source);
    m_tree->selectionModel()->setCurrentIndex(
        index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    m_tree->scrollTo(index);
}

void MatrixPanel::applyFilter(const QString& text) {
    m_filter->setText(text);
    if (!text.isEmpty()) m_tree->expandAll();
}

void MatrixPanel::sendSelection() {
    std::vector<std::string> names;
    const std::function<void(const QModelIndex&)> collect = [&](const QModelIndex& index) {
        const QString name = index.data(MatrixTreeModel::TensorNameRole).toString();
        if (!name.isEmpty()) names.push_back(name.toStdString());
        for (int row = 0; row < m_filter->rowCount(index); ++row)
            collect(m_filter->index(row, 0, index));
    };
    for (const QModelIndex& index :
         m_tree->selectionModel()->selectedRows(MatrixTreeModel::NameColumn))
        collect(index);
    const QModelIndex current = m_tree->currentIndex().siblingAtColumn(0);
    m_session->setSelection(names,
                            current.data(MatrixTreeModel::TensorNameRole).toString().toStdString());
}

}  // namespace rankscope::ui
