// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/curves_page.h"

#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>
#include <numeric>
#include <utility>

#include "core/report/spectrum_tables.h"
#include "ui/plots/figure_renderer.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

constexpr int curveMilliseconds = 60;

report::View viewOf(const RankPlot& plot) {
    const QCPRange x = plot.xAxis->range();
    const QCPRange y = plot.yAxis->range();
    return {x.lower, x.upper, y.lower, y.upper};
}

}  // namespace

CurvesPage::CurvesPage(Session* session, QWidget* parent)
    : Page(parent),
      m_session(session),
      m_nulls(new NullSpectra(session, this)),
      m_bootstraps(new AlphaBootstraps(session, this)),
      m_heading(new QLabel(this)),
      m_spectrumPlot(new RankPlot(tr("Singular values"), this)),
      m_errorPlot(new RankPlot(tr("Error against rank"), this)),
      m_scan(new ScanPanel(this)) {
    m_spectrumPlot->setObjectName(QStringLiteral("spectrumPlot"));
    m_errorPlot->setObjectName(QStringLiteral("errorPlot"));
    m_heading->setAccessibleName(tr("What the plots show"));
    auto* plots = new QSplitter(Qt::Horizontal, this);
    plots->setChildrenCollapsible(false);
    plots->addWidget(m_spectrumPlot);
    plots->addWidget(m_errorPlot);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_heading);
    layout->addWidget(makeAxesRow());
    layout->addWidget(plots, 2);
    layout->addWidget(m_scan, 1);
    layout->addWidget(makeRankRow());
    followSession();
    refresh(false);
}

void CurvesPage::followSession() {
    m_refreshTimer.setSingleShot(true);
    m_refreshTimer.setInterval(curveMilliseconds);
    connect(&m_refreshTimer, &QTimer::timeout, this, [this] { refresh(true); });
    for (RankPlot* plot : {m_spectrumPlot, m_errorPlot})
        connect(plot, &RankPlot::rankMoved, m_session, &Session::setRank);
    connect(m_session, &Session::selectionChanged, this, [this] { refresh(false); });
    connect(m_session, &Session::rankChanged, this, &CurvesPage::showRank);
    connect(m_session, &Session::spectrumReady, this, &CurvesPage::refreshSoon);
    connect(m_nulls, &NullSpectra::changed, this, &CurvesPage::refreshSoon);
    connect(m_bootstraps->job(), &JobSlot::runningChanged, this, &CurvesPage::showScan);
    connect(m_bootstraps, &AlphaBootstraps::changed, this, &CurvesPage::showScan);
    connect(m_scan, &ScanPanel::bootstrapWanted, this, [this] {
        if (const auto spectra = shownSpectra(); !spectra.empty()) {
            m_bootstraps->askAgain();
            m_bootstraps->request({spectra.front()->name()});
        }
    });
}

void CurvesPage::showOneMatrix(bool one) {
    m_oneMatrix = one;
    const QSignalBlocker quiet(m_logValue);
    m_logValue->setChecked(!one);  // the post draws on plain axes
    refresh(false);
}

QWidget* CurvesPage::makeAxesRow() {
    auto* row = new QWidget(this);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    m_logValue = new QCheckBox(tr("Lo&g values"), row);
    m_logValue->setObjectName(QStringLiteral("logValue"));
    m_logValue->setChecked(true);
    m_logValue->setToolTip(tr("Logarithmic vertical axes"));
    m_logRank = new QCheckBox(tr("Log ran&ks"), row);
    m_logRank->setObjectName(QStringLiteral("logRank"));
    m_logRank->setToolTip(tr("Logarithmic horizontal axes"));
    m_normalise = new QCheckBox(tr("Divide by &σ₁"), row);
    m_normalise->setObjectName(QStringLiteral("normalise"));
    m_normalise->setToolTip(tr("Singular values divided by the largest of their matrix"));
    m_powerLaw = new QCheckBox(tr("Power la&w"), row);
    m_powerLaw->setObjectName(QStringLiteral("powerLaw"));
    m_powerLaw->setToolTip(tr("Power law fitted to the largest singular values"));
    m_nullBand = new QCheckBox(tr("Null &band"), row);
    m_nullBand->setObjectName(QStringLiteral("nullBand"));
    m_nullBand->setToolTip(tr("Where singular values of the same entries in random places lie"));
    connect(m_nullBand, &QCheckBox::toggled, m_nulls, &NullSpectra::askAgain);
    layout->addStretch(1);
    for (QCheckBox* box : {m_powerLaw, m_nullBand, m_logValue, m_logRank, m_normalise}) {
        box->setAccessibleName(box->toolTip());
        layout->addWidget(box);
        connect(box, &QCheckBox::toggled, this, [this] { refresh(false); });
    }
    return row;
}

QWidget* CurvesPage::makeRankRow() {
    auto* row = new QWidget(this);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    auto* label = new QLabel(tr("Ra&nk"), row);
    m_slider = new QSlider(Qt::Horizontal, row);
    m_slider->setObjectName(QStringLiteral("rank"));
    m_slider->setAccessibleName(tr("Rank"));
    m_slider->setToolTip(tr("The rank kept of every selected matrix"));
    m_slider->setPageStep(10);
    label->setBuddy(m_slider);
    m_rankText = new QLabel(row);
    m_rankText->setAccessibleName(tr("Rank and full rank"));
    layout->addWidget(label);
    layout->addWidget(m_slider, 1);
    layout->addWidget(m_rankText);
    connect(m_slider, &QSlider::valueChanged, this,
            [this](int value) { m_session->setRank(value); });
    return row;
}

report::SpectraPlots CurvesPage::plotsShown() const {
    return m_oneMatrix ? report::SpectraPlots::OneMatrix : report::SpectraPlots::Both;
}

report::AxesChoice CurvesPage::axes() const {
    return {m_logRank->isChecked(), m_logValue->isChecked(), m_normalise->isChecked()};
}

report::OverlayChoice CurvesPage::overlays(
    const std::vector<const spectra::Spectrum*>& shown) const {
    report::OverlayChoice choice;
    choice.powerLaw = m_powerLaw->isChecked();
    choice.nullBand = m_nullBand->isChecked();
    if (!choice.nullBand) return choice;
    for (const auto* spectrum : shown) {
        const auto null = m_nulls->known().find(spectrum->name());
        if (null != m_nulls->known().end()) choice.nulls.insert(*null);
    }
    return choice;
}

std::vector<const spectra::Spectrum*> CurvesPage::shownSpectra() const {
    if (!m_oneMatrix) return m_session->selectedSpectra();
    const auto* matrix = m_session->currentMatrix();
    const auto* spectrum = matrix ? m_session->spectrum(matrix->name) : nullptr;
    return spectrum ? std::vector{spectrum} : std::vector<const spectra::Spectrum*>{};
}

QString CurvesPage::heading() const {
    const auto& selection = m_session->selection();
    if (selection.empty()) return tr("Select matrices in the tree.");
    const auto known = shownSpectra().size();
    if (m_oneMatrix) {
        const auto* matrix = m_session->currentMatrix();
        const QString name =
            tr("%1, %2 × %3").arg(shortName(matrix->name)).arg(matrix->rows).arg(matrix->columns);
        return known ? name : tr("%1: not computed yet").arg(name);
    }
    if (known == selection.size()) return tr("%n matrices", nullptr, static_cast<int>(known));
    return tr("%1 of %2 matrices computed").arg(known).arg(selection.size());
}

void CurvesPage::refreshSoon() {
    if (!m_refreshTimer.isActive()) m_refreshTimer.start();
}

void CurvesPage::refresh(bool keepView) {
    m_heading->setText(heading());
    const auto shown = shownSpectra();
    if (m_nullBand->isChecked() && shown.size() <= mostNamedCurves) {
        std::vector<std::string> names;
        for (const auto* spectrum : shown) names.push_back(spectrum->name());
        m_nulls->request(names);
    }
    auto plots = spectraPlots(plotsShown(), shown, axes(), overlays(shown));
    for (auto& data : plots) data.largestRank = m_session->largestRank();
    m_spectrumPlot->setPlotData(std::move(plots[0]), keepView);
    m_errorPlot->setPlotData(std::move(plots[1]), keepView);
    showRank();
    showScan();
}

void CurvesPage::showScan() {
    const bool shown = m_oneMatrix && m_powerLaw->isChecked();
    m_scan->setVisible(shown);
    if (shown) {
        const auto spectra = shownSpectra();
        m_scan->setSpectrum(spectra.empty() ? nullptr : spectra.front());
        m_scan->setBootstrap(spectra.empty() ? nullptr : m_bootstraps->of(spectra.front()->name()),
                             m_bootstraps->job()->isRunning());
    }
}

void CurvesPage::showRank() {
    const auto rank = m_session->rank();
    const auto shown = shownSpectra();
    m_spectrumPlot->setRank(rank, spectrumReadout(shown, rank, m_normalise->isChecked()));
    const bool one = m_oneMatrix && !shown.empty();
    m_errorPlot->setRank(rank,
                         one ? frobeniusReadout(*shown.front(), rank) : errorReadout(shown, rank));
    const QSignalBlocker quiet(m_slider);
    m_slider->setEnabled(!m_session->selection().empty());
    m_slider->setRange(1, static_cast<int>(m_session->largestRank()));
    m_slider->setValue(static_cast<int>(rank));
    m_rankText->setText(tr("%1 of %2").arg(rank).arg(m_session->largestRank()));
}

std::optional<report::FigureRequest> CurvesPage::figure() const {
    const auto shown = shownSpectra();
    report::SpectraFigure figure{.plots = plotsShown(),
                                 .rank = m_session->rank(),
                                 .axes = axes(),
                                 .overlays = overlays(shown),
                                 .views = {viewOf(*m_spectrumPlot), viewOf(*m_errorPlot)}};
    for (const auto* spectrum : shown) figure.spectra.push_back(*spectrum);
    QString title = m_session->modelName();
    if (m_oneMatrix && !shown.empty()) title += tr(": %1").arg(heading());
    return report::FigureRequest{.title = title.toStdString(), .figure = std::move(figure)};
}

std::vector<NamedTable> CurvesPage::tables() const {
    std::vector<spectra::Spectrum> shown;
    std::vector<report::Curve> curves;
    for (const auto* spectrum : shownSpectra()) {
        std::vector<std::int64_t> ranks(static_cast<std::size_t>(spectrum->size()) + 1);
        std::iota(ranks.begin(), ranks.end(), 0);
        shown.push_back(*spectrum);
        curves.push_back(report::makeCurve(*spectrum, ranks));
    }
    return {{QStringLiteral("singular-values"), report::spectraCsv(shown)},
            {QStringLiteral("error"), report::curvesCsv(curves)}};
}

}  // namespace rankscope::ui
