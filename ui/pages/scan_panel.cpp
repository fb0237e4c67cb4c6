// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/scan_panel.h"

#include <QVBoxLayout>

namespace rankscope::ui {

ScanPanel::ScanPanel(QWidget* parent)
    : QWidget(parent), m_plot(new ScanPlot(this)), m_note(new QLabel(this)) {
    m_note->setAccessibleName(tr("Power law of the matrix"));
    m_note->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot, 1);
    layout->addWidget(m_note);
    connect(m_plot, &ScanPlot::currentChanged, this, [this] {
        if (!m_plot->fit().failed) {
            m_note->setText(scanReadout(m_plot->fit(), m_plot->current()));
        }
    });
    setSpectrum(nullptr);
}

void ScanPanel::setSpectrum(const spectra::Spectrum* spectrum) {
    if (spectrum && spectrum->singularValues() == m_values) {
        return;
    }
    m_values = spectrum ? spectrum->singularValues() : std::vector<double>();
    if (!spectrum) {
        m_plot->setFit({});
        m_plot->hide();
        m_note->setText(tr("The x_min scan appears once the spectrum is computed."));
        return;
    }
    m_plot->setFit(spectra::fitPowerLaw(*spectrum));
    m_plot->setVisible(!m_plot->fit().failed);
    if (m_plot->fit().failed) {
        m_note->setText(
            tr("No power law was fitted. %1").arg(QString::fromStdString(m_plot->fit().reason)));
    }
}

}  // namespace rankscope::ui
