// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/export_dialog.h"

#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace rankscope::ui {

namespace {

QDoubleSpinBox* lengthField(double value, const QString& name, QWidget* parent) {
    auto* field = new QDoubleSpinBox(parent);
    field->setRange(20, 1000);
    field->setDecimals(1);
    field->setValue(value);
    field->setSuffix(QObject::tr(" mm"));
    field->setAccessibleName(name);
    return field;
}

}  // namespace

ExportDialog::ExportDialog(FigureRequest shown, QWidget* parent)
    : QDialog(parent), m_shown(std::move(shown)) {
    setWindowTitle(tr("Export figure"));
    auto* form = new QFormLayout;
    m_what = new QComboBox(this);
    m_what->setAccessibleName(tr("What to export"));
    const bool one = m_shown.kind == FigureKind::Pareto || m_shown.kind == FigureKind::Compare;
    m_what->addItem(one                                        ? tr("the plot")
                    : m_shown.kind == FigureKind::HeatMap      ? tr("the overview, as shown")
                    : m_shown.kind == FigureKind::MethodCurves ? tr("the curves, as shown")
                                                               : tr("both plots, as shown"),
                    static_cast<int>(m_shown.kind));
    if (m_shown.kind == FigureKind::Both) {
        m_what->addItem(tr("singular values"), static_cast<int>(FigureKind::Spectrum));
        m_what->addItem(tr("error against rank"), static_cast<int>(FigureKind::Error));
    }
    m_title = new QLineEdit(m_shown.title, this);
    m_title->setAccessibleName(tr("Title of the figure"));
    m_width = lengthField(180, tr("Width"), this);
    m_height = lengthField(one ? 110 : 90, tr("Height"), this);
    m_dpi = new QSpinBox(this);
    m_dpi->setRange(30, 1200);
    m_dpi->setValue(300);
    m_dpi->setSuffix(tr(" dpi"));
    m_dpi->setAccessibleName(tr("Resolution of PNG"));
    form->addRow(tr("W&hat"), m_what);
    form->addRow(tr("&Title"), m_title);
    form->addRow(tr("&Width"), m_width);
    form->addRow(tr("Hei&ght"), m_height);
    form->addRow(tr("&Resolution (PNG)"), m_dpi);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->addButton(tr("&Save as…"), QDialogButtonBox::AcceptRole);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addLayout(form);
    layout->addWidget(new QLabel(tr("PDF and SVG hold curves and text as vectors."), this));
    layout->addWidget(buttons);
}

FigureRequest ExportDialog::request() const {
    FigureRequest result = m_shown;
    result.kind = static_cast<FigureKind>(m_what->currentData().toInt());
    if (result.kind == FigureKind::Error) {
        result.views[0] = result.views[1];  // its only axes are the window's right ones
    }
    result.title = m_title->text();
    result.size = {m_width->value(), m_height->value(), m_dpi->value()};
    return result;
}

QString exportFigure(const FigureRequest& shown, const QString& suggestedName, QWidget* parent) {
    ExportDialog dialog(shown, parent);
    if (dialog.exec() != QDialog::Accepted) {
        return {};
    }
    FigureRequest request = dialog.request();
    request.out = QFileDialog::getSaveFileName(parent, QObject::tr("Save figure"), suggestedName,
                                               QObject::tr("Figures (*.pdf *.svg *.png)"));
    if (!request.out.isEmpty()) {
        renderFigure(request);
    }
    return request.out;
}

}  // namespace rankscope::ui
