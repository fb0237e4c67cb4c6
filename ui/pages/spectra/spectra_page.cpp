// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/spectra_page.h"

#include <QVBoxLayout>
#include <algorithm>

namespace rankscope::ui {

namespace {

enum SpectraTab { SelectedTab, OneMatrixTab, OverviewTab, MethodsTab };

}  // namespace

SpectraPage::SpectraPage(Session* session, QWidget* parent)
    : Page(parent),
      m_tabs(new QTabBar(this)),
      m_curves(new CurvesPage(session, this)),
      m_overview(new OverviewPage(session, this)),
      m_methods(new MethodCurvesPage(session, this)),
      m_shown(m_curves) {
    m_tabs->addTab(tr("Se&lected matrices"));
    m_tabs->addTab(tr("One &matrix, as in the blog post"));
    m_tabs->addTab(tr("O&verview"));
    m_tabs->addTab(tr("Met&hods compared"));
    m_tabs->setAccessibleName(tr("View"));
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(6, 6, 6, 6);
    layout->addWidget(m_tabs);
    for (Page* view : std::initializer_list<Page*>{m_curves, m_overview, m_methods}) {
        layout->addWidget(view, 1);
        view->setVisible(view == m_shown);
    }
    connect(m_tabs, &QTabBar::currentChanged, this, &SpectraPage::showTab);
    connect(m_overview, &OverviewPage::matrixChosen, this, &SpectraPage::matrixChosen);
    connect(m_methods, &MethodCurvesPage::calibrateRequested, this,
            &SpectraPage::calibrateRequested);
    connect(m_methods, &MethodCurvesPage::calibrationFileRequested, this,
            &SpectraPage::calibrationFileRequested);
}

void SpectraPage::showTab(int tab) {
    Page* const views[] = {m_curves, m_curves, m_overview, m_methods};
    m_shown = views[tab];
    for (Page* view : views) view->setVisible(view == m_shown);
    if (m_shown == m_curves) m_curves->showOneMatrix(tab == OneMatrixTab);
}

void SpectraPage::showSelected() { m_tabs->setCurrentIndex(SelectedTab); }

void SpectraPage::showOneMatrix() { m_tabs->setCurrentIndex(OneMatrixTab); }

void SpectraPage::showOverview(const QString& metric) {
    m_overview->choose(metric);
    m_tabs->setCurrentIndex(OverviewTab);
}

void SpectraPage::showMethods() { m_tabs->setCurrentIndex(MethodsTab); }

std::optional<report::FigureRequest> SpectraPage::figure() const { return m_shown->figure(); }

QString SpectraPage::whyNoFigure() const { return m_shown->whyNoFigure(); }

std::vector<NamedTable> SpectraPage::tables() const {
    auto tables = m_curves->tables();
    if (m_shown == m_curves) return tables;
    for (NamedTable& own : m_shown->tables())
        std::ranges::find(tables, own.name, &NamedTable::name)->csv = std::move(own.csv);
    return tables;
}

}  // namespace rankscope::ui
