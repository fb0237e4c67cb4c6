// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/export_dialog.h"

#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <variant>

#include "ui/plots/figure_renderer.h"

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

template <typename... Kinds>
bool isOneOf(const report::Figure& figure) {
    return (std::holds_alternative<Kinds>(figure) || ...);
}

}  // namespace

ExportDialog::ExportDialog(report::FigureRequest shown, QWidget* parent)
    : QDialog(parent), m_shown(std::move(shown)) {
    setWindowTitle(tr("Export figure"));
    auto* form = new QFormLayout;
    m_what = new QComboBox(this);
    m_what->setAccessibleName(tr("What to export"));
    offerPlots();
    m_title = new QLineEdit(QString::fromStdString(m_shown.title), this);
    m_title->setAccessibleName(tr("Title of the figure"));
    m_width = lengthField(180, tr("Width"), this);
    m_height = lengthField(
        isOneOf<report::ParetoFigure, report::ComparisonFigure>(m_shown.figure) ? 110 : 90,
        tr("Height"), this);
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

void ExportDialog::offerPlots() {
    if (const auto* spectra = std::get_if<report::SpectraFigure>(&m_shown.figure)) {
        const auto offer = [&](const QString& words, report::SpectraPlots plots) {
            m_what->addItem(words, static_cast<int>(plots));
        };
        offer(tr("both plots, as shown"), spectra->plots);
        if (spectra->plots == report::SpectraPlots::Both) {
            offer(tr("singular values"), report::SpectraPlots::SingularValues);
            offer(tr("error against rank"), report::SpectraPlots::Error);
        }
    } else if (isOneOf<report::HeatMapFigure>(m_shown.figure)) {
        m_what->addItem(tr("the overview, as shown"));
    } else if (isOneOf<report::MethodCurvesFigure>(m_shown.figure)) {
        m_what->addItem(tr("the curves, as shown"));
    } else {
        m_what->addItem(tr("the plot"));
    }
}

report::FigureRequest ExportDialog::request() const {
    report::FigureRequest result = m_shown;
    if (auto* spectra = std::get_if<report::SpectraFigure>(&result.figure)) {
        spectra->plots = static_cast<report::SpectraPlots>(m_what->currentData().toInt());
        if (spectra->plots == report::SpectraPlots::Error)
            spectra->views[0] = spectra->views[1];  // its only axes are the window's right ones
    }
    result.title = m_title->text().toStdString();
    result.size = {m_width->value(), m_height->value(), m_dpi->value()};
    return result;
}

QString exportFigure(const report::FigureRequest& shown, const QString& suggestedName,
                     QWidget* parent) {
    ExportDialog dialog(shown, parent);
    if (dialog.exec() != QDialog::Accepted) return {};
    report::FigureRequest request = dialog.request();
    QString out = QFileDialog::getSaveFileName(parent, QObject::tr("Save figure"), suggestedName,
                                               QObject::tr("Figures (*.pdf *.svg *.png)"));
    if (!out.isEmpty()) {
        request.out = out.toStdString();
        renderFigure(request);
    }
    return out;
}

}  // namespace rankscope::ui
