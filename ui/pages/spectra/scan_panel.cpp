// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/scan_panel.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QVBoxLayout>

#include "ui/session/alpha_bootstraps.h"

namespace rankscope::ui {

ScanPanel::ScanPanel(QWidget* parent)
    : QWidget(parent),
      m_plot(new ScanPlot(this)),
      m_note(new QLabel(this)),
      m_alpha(new QLabel(this)),
      m_bootstrap(new QPushButton(tr("&Bootstrap"), this)) {
    m_bootstrap->setObjectName(QStringLiteral("bootstrap"));
    m_alpha->setObjectName(QStringLiteral("alpha"));
    m_note->setObjectName(QStringLiteral("note"));
    m_alpha->setAccessibleName(tr("Exponent of the power law"));
    m_alpha->setWordWrap(true);
    m_bootstrap->setAccessibleName(tr("Bootstrap the exponent of the power law"));
    m_bootstrap->setToolTip(
        tr("Fits %1 resamples of the eigenvalues, x_min sought anew in each: how far α hangs on a "
           "few of them")
            .arg(AlphaBootstraps::resamples));
    auto* row = new QHBoxLayout;
    row->addWidget(m_alpha, 1);
    row->addWidget(m_bootstrap);
    connect(m_bootstrap, &QPushButton::clicked, this, &ScanPanel::bootstrapWanted);
    m_note->setAccessibleName(tr("Power law of the matrix"));
    m_note->setWordWrap(true);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot, 1);
    layout->addWidget(m_note);
    layout->addLayout(row);
    connect(m_plot, &ScanPlot::currentChanged, this, [this] {
        if (!m_plot->fit().failed) m_note->setText(scanReadout(m_plot->fit(), m_plot->current()));
    });
    setSpectrum(nullptr);
}

void ScanPanel::setSpectrum(const spectra::Spectrum* spectrum) {
    if (spectrum && spectrum->singularValues() == m_values) return;
    m_values = spectrum ? spectrum->singularValues() : std::vector<double>();
    if (!spectrum) {
        m_plot->setFit({});
        m_plot->hide();
        setBootstrap(nullptr, false);
        m_note->setText(tr("The x_min scan appears once the spectrum is computed."));
        return;
    }
    m_plot->setFit(spectra::fitPowerLaw(*spectrum));
    m_plot->setVisible(!m_plot->fit().failed);
    setBootstrap(nullptr, false);
    if (m_plot->fit().failed) {
        m_note->setText(
            tr("No power law was fitted. %1").arg(QString::fromStdString(m_plot->fit().reason)));
    }
}

void ScanPanel::setBootstrap(const spectra::AlphaBootstrap* bootstrap, bool running) {
    const spectra::PowerLawFit& fit = m_plot->fit();
    const bool fitted = !m_values.empty() && !fit.failed;
    m_alpha->setVisible(fitted);
    m_bootstrap->setVisible(fitted);
    m_bootstrap->setEnabled(!running);
    const auto number = [](double value) { return QLocale::c().toString(value, 'f', 2); };
    QString words =
        tr("α = %1 ± %2, x_min taken as given").arg(number(fit.alpha), number(fit.standardError));
    if (bootstrap && bootstrap->failed) {
        words += tr("; the bootstrap failed: only %1 of %2 resamples could be fitted")
                     .arg(bootstrap->fitted)
                     .arg(bootstrap->resamples);
    } else if (bootstrap) {
        words +=
            tr("; bootstrap, %1 resamples, x_min sought anew: ± %2, 95 % of them from %3 to %4")
                .arg(bootstrap->resamples)
                .arg(number(bootstrap->deviation), number(bootstrap->low), number(bootstrap->high));
    }
    m_alpha->setText(words);
}

}  // namespace rankscope::ui
