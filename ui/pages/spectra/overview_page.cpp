// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/overview_page.h"

#include <QHBoxLayout>
#include <QVBoxLayout>
#include <algorithm>

#include "core/report/heat_map.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

// Power laws of a whole model take a moment: not for every spectrum that comes in.
constexpr int mapMilliseconds = 300;

}  // namespace

OverviewPage::OverviewPage(Session* session, QWidget* parent)
    : Page(parent),
      m_session(session),
      m_chooser(new QComboBox(this)),
      m_note(new QLabel(this)),
      m_plot(new HeatMapPlot(this)) {
    m_chooser->setObjectName(QStringLiteral("metric"));
    m_chooser->setAccessibleName(tr("Number shown of each matrix"));
    for (const report::HeatMetric& metric : report::heatMetrics())
        m_chooser->addItem(toQString(metric.label), toQString(metric.name));
    m_note->setAccessibleName(tr("What the overview shows"));
    // A long sentence must not take the matrix tree's room.
    m_note->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto* label = new QLabel(tr("S&how"), this);
    label->setBuddy(m_chooser);
    auto* row = new QHBoxLayout;
    row->addWidget(label);
    row->addWidget(m_chooser);
    row->addWidget(m_note, 1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(row);
    layout->addWidget(m_plot, 1);
    followSession();
}

void OverviewPage::followSession() {
    m_refreshTimer.setSingleShot(true);
    m_refreshTimer.setInterval(mapMilliseconds);
    connect(&m_refreshTimer, &QTimer::timeout, this, &OverviewPage::refresh);
    connect(m_chooser, &QComboBox::currentIndexChanged, this, [this] {
        m_values.clear();
        refresh();
    });
    connect(m_session, &Session::selectionChanged, this, &OverviewPage::showSelection);
    connect(m_session, &Session::checkpointOpened, this, &OverviewPage::forgetValues);
    connect(m_session, &Session::spectrumReady, this, [this](const QString& name) {
        m_values.erase(name.toStdString());
        refreshSoon();
    });
    connect(m_session, &Session::planChanged, this, [this] {
        if (m_chooser->currentData().toString() == QLatin1String("relative-error")) {
            forgetValues();
        }
    });
    connect(m_plot, &HeatMapPlot::matrixClicked, this, &OverviewPage::matrixChosen);
}

double OverviewPage::valueOf(const report::HeatMetric& metric, const spectra::Spectrum& spectrum) {
    const auto found = m_values.find(spectrum.name());
    if (found != m_values.end()) return found->second;
    // slim's may be more: units of a feed-forward wider than the model
    const auto rank =
        std::min(m_session->chosenRank(spectrum.name()).value_or(spectrum.size()), spectrum.size());
    return m_values.emplace(spectrum.name(), metric.value(spectrum, rank)).first->second;
}

void OverviewPage::forgetValues() {
    m_values.clear();
    refreshSoon();
}

void OverviewPage::choose(const QString& metric) {
    m_chooser->setCurrentIndex(std::max(0, m_chooser->findData(metric)));
}

std::optional<report::FigureRequest> OverviewPage::figure() const {
    return report::FigureRequest{.title = m_session->modelName().toStdString(),
                                 .figure = report::HeatMapFigure{.map = m_plot->heatMap()}};
}

void OverviewPage::showEvent(QShowEvent* event) {
    Page::showEvent(event);
    refresh();
}

void OverviewPage::refreshSoon() {
    if (!m_refreshTimer.isActive()) m_refreshTimer.start();
}

void OverviewPage::showSelection() {
    std::vector<std::string> selected;
    for (const auto& matrix : m_session->selection()) selected.push_back(matrix.name);
    m_plot->setSelected(std::move(selected));
}

QString OverviewPage::note(int known) const {
    const auto all = static_cast<int>(m_session->linearMatrices().size());
    const QString metric = m_chooser->currentData().toString();
    if (known < all) return tr("%1 of %2 matrices computed").arg(known).arg(all);
    if (metric == QLatin1String("relative-error")) return tr("at the ranks chosen; 0: full rank");
    if (metric == QLatin1String("alpha") || metric == QLatin1String("ks-distance"))
        return tr("–: none could be fitted");
    return tr("A click selects a matrix.");
}

void OverviewPage::refresh() {
    if (!isVisible()) return;
    std::vector<const spectra::Spectrum*> known;
    for (const auto& matrix : m_session->linearMatrices())
        if (const auto* spectrum = m_session->spectrum(matrix.name)) known.push_back(spectrum);
    const auto& metric = report::findHeatMetric(m_chooser->currentData().toString().toStdString());
    m_note->setText(note(static_cast<int>(known.size())));
    m_plot->setHeatMap(report::makeHeatMap(metric, known, [&](const spectra::Spectrum& spectrum) {
        return valueOf(metric, spectrum);
    }));
    showSelection();
}

}  // namespace rankscope::ui
