// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/spectrum_overlays.h"

#include <QLocale>
#include <cmath>

#include "core/spectra/power_law.h"
#include "ui/plots/plot_style.h"

namespace rankscope::ui {

namespace {

QString number(double value, int decimals) { return QLocale::c().toString(value, 'f', decimals); }

void addNote(PlotData& data, const QString& words) {
    data.note += data.note.isEmpty() ? words : QStringLiteral("\n") + words;
}

void addPowerLaw(PlotData& data, std::size_t place, const spectra::Spectrum& spectrum, double scale,
                 bool named) {
    const spectra::PowerLawFit fit = spectra::fitPowerLaw(spectrum);
    QString& label = data.curves[place].label;
    if (fit.failed) {
        label += tr(", no power law");
        if (data.curves.size() == 1)
            addNote(data, tr("no power law: %1").arg(QString::fromStdString(fit.reason)));
        return;
    }
    // Beside several names there is room for little.
    label += data.curves.size() == 1
                 ? tr("\nα = %1 ± %2").arg(number(fit.alpha, 2), number(fit.standardError, 2))
                 : tr(", α %1").arg(number(fit.alpha, 1));
    Overlay law;
    law.curve = place;
    if (named) law.label = tr("power law");
    for (std::int64_t i = 1; i <= fit.tail; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(fit.tail);
        law.x.push_back(static_cast<double>(i));
        law.low.push_back(scale * std::sqrt(fit.xMin) *
                          std::pow(share, -1 / (2 * (fit.alpha - 1))));
    }
    data.overlays.push_back(std::move(law));
}

void addBand(PlotData& data, std::size_t place, const spectra::NullSpectrum& null, double scale,
             bool named) {
    Overlay band;
    band.curve = place;
    if (named) band.label = tr("95 % null band (%1 ×)").arg(null.repeats);
    for (std::size_t i = 0; i < null.low.size(); ++i) {
        band.x.push_back(static_cast<double>(i + 1));
        band.low.push_back(scale * null.low[i]);
        band.high.push_back(scale * null.high[i]);
    }
    data.overlays.push_back(std::move(band));
}

}  // namespace

void addOverlays(PlotData& data, Spectra spectra, const report::AxesChoice& axes,
                 const report::OverlayChoice& choice) {
    if ((choice.powerLaw || choice.nullBand) && spectra.size() > mostNamedCurves) {
        addNote(data,
                tr("power laws and bands are drawn for up to %1 matrices").arg(mostNamedCurves));
        return;
    }
    bool bands = false;
    bool laws = false;  // one of a kind stands in the legend
    for (std::size_t i = 0; i < spectra.size(); ++i) {
        const double largest = spectra[i]->singularValues().front();
        const double scale = axes.normalise && largest > 0 ? 1 / largest : 1;
        const auto null = choice.nulls.find(spectra[i]->name());
        if (choice.nullBand && null != choice.nulls.end() &&
            null->second.low.size() == spectra[i]->singularValues().size()) {
            addBand(data, i, null->second, scale, !bands);
            bands = true;
        }
        if (choice.powerLaw) {
            const std::size_t before = data.overlays.size();
            addPowerLaw(data, i, *spectra[i], scale, !laws);
            laws = laws || data.overlays.size() > before;
        }
    }
}

}  // namespace rankscope::ui
