// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/spectra/plan_panel.h"

#include <QFileInfo>
#include <QFormLayout>
#include <QLocale>
#include <QSignalBlocker>
#include <QVBoxLayout>
#include <algorithm>
#include <tuple>

#include "core/plan/plan.h"
#include "ui/models/selection_figures.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

const QString none = QStringLiteral("–");

QLabel* valueLabel(const QString& accessibleName, QWidget* parent) {
    auto* label = new QLabel(none, parent);
    label->setAccessibleName(accessibleName);
    label->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

QLabel* addRow(QFormLayout* form, const QString& name, const QString& toolTip) {
    auto* caption = new QLabel(name);
    auto* value = valueLabel(name, form->parentWidget());
    caption->setToolTip(toolTip);
    value->setToolTip(toolTip);
    form->addRow(caption, value);
    return value;
}

/// "0.203" for one matrix, "0.345 (mean 0.203)" for several.
QString worstAndMean(const WorstAndMean& of, std::size_t matrices, int digits) {
    return matrices == 1
               ? fixed(of.worst, digits)
               : QObject::tr("%1 (mean %2)").arg(fixed(of.worst, digits), fixed(of.mean, digits));
}

QString change(std::int64_t now, std::int64_t before) {
    if (before <= 0) return {};
    const double percent = 100.0 * static_cast<double>(now - before) / static_cast<double>(before);
    return QStringLiteral(" (%1%2 %)")
        .arg(percent > 0 ? QStringLiteral("+") : QString(), fixed(percent, 1));
}

}  // namespace

PlanPanel::PlanPanel(Session* session, QWidget* parent) : QWidget(parent), m_session(session) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 6, 6, 6);
    layout->addWidget(makeSelectionBox());
    layout->addWidget(makeModelBox());
    layout->addWidget(makeCalibrationBox());
    m_compress = new QPushButton(tr("&Compress…"), this);
    m_compress->setAccessibleName(tr("Compress"));
    m_compress->setToolTip(tr("Writes a checkpoint with the planned ranks"));
    layout->addWidget(m_compress);
    layout->addStretch();
    connect(m_compress, &QPushButton::clicked, this, &PlanPanel::compressRequested);
    connect(session, &Session::selectionChanged, this, &PlanPanel::showSelection);
    connect(session, &Session::rankChanged, this, &PlanPanel::showSelection);
    connect(session, &Session::spectrumReady, this, &PlanPanel::showSelection);
    connect(session, &Session::planChanged, this, &PlanPanel::showPlan);
    connect(session, &Session::checkpointOpened, this, &PlanPanel::showPlan);
    showSelection();
    showPlan();
}

QGroupBox* PlanPanel::makeSelectionBox() {
    auto* box = new QGroupBox(tr("Selection"), this);
    auto* form = new QFormLayout(box);
    m_selected = addRow(form, tr("Matrices"), tr("Matrices selected in the tree"));
    m_rank = new QSpinBox(box);
    m_rank->setObjectName(QStringLiteral("rankField"));
    m_rank->setAccessibleName(tr("Rank of the selected matrices"));
    m_rank->setToolTip(tr("Ranks kept; matrices with a smaller full rank keep theirs"));
    m_rank->setAlignment(Qt::AlignRight);
    m_rank->setKeyboardTracking(false);
    m_rank->setRange(1, 1);
    form->addRow(tr("&Rank"), m_rank);
    connect(m_rank, &QSpinBox::valueChanged, this,
            [this](int value) { m_session->setRank(value); });
    m_energy = addRow(form, tr("Kept energy"),
                      tr("Σ σᵢ² of the kept ranks / Σ σᵢ² of all; smallest of the selection"));
    m_error = addRow(form, tr("Relative error"),
                     tr("‖W − Wᵣ‖ / ‖W‖ (Frobenius), float64; largest of the selection. Of other "
                        "methods than svd it is known once they are computed, and never smaller"));
    m_cosine = addRow(form, tr("Cosine, predicted"),
                      tr("√energy: cosine of W x and Wᵣ x for isotropic random x, by svd"));
    m_breakEven = addRow(form, tr("Break-even rank"),
                         tr("⌊mn / (m + n)⌋: below it two factors are smaller than the matrix"));
    m_storage = new QComboBox(box);
    m_storage->setAccessibleName(tr("Storage of the planned matrices"));
    m_storage->addItem(tr("auto (smallest)"), static_cast<int>(plan::StorageChoice::Auto));
    m_storage->addItem(tr("factored"), static_cast<int>(plan::StorageChoice::Factored));
    m_storage->addItem(tr("pivoted"), static_cast<int>(plan::StorageChoice::Pivoted));
    m_storage->addItem(tr("dense (same size)"), static_cast<int>(plan::StorageChoice::Dense));
    m_storage->setToolTip(tr("How W' is written: r(m + n), r(m + n) − r², or m·n numbers"));
    form->addRow(tr("&Storage"), m_storage);
    connect(m_storage, &QComboBox::activated, this, [this] {
        m_session->setStorage(static_cast<plan::StorageChoice>(m_storage->currentData().toInt()));
    });
    m_clear = new QPushButton(tr("C&lear ranks of selection"), box);
    m_clear->setAccessibleName(tr("Clear ranks of selection"));
    m_clear->setToolTip(tr("Takes the selected matrices out of the plan"));
    form->addRow(m_clear);
    connect(m_clear, &QPushButton::clicked, m_session, &Session::clearSelectedRanks);
    return box;
}

QGroupBox* PlanPanel::makeModelBox() {
    auto* box = new QGroupBox(tr("Whole model, parameters"), this);
    auto* form = new QFormLayout(box);
    m_planned = addRow(form, tr("Matrices in plan"), tr("Matrices whose rank was set"));
    m_method = addRow(form, tr("Method"), tr("How the planned matrices are approximated"));
    m_dense = addRow(form, tr("Dense"), tr("Every matrix as it is"));
    m_stored = addRow(form, tr("Stored"), tr("What Compress… writes with the storage above"));
    m_factored = addRow(form, tr("All factored"), tr("Every planned matrix as two factors"));
    m_pivoted = addRow(form, tr("All pivoted"), tr("Every planned matrix in pivoted form"));
    m_post = addRow(form, tr("As in the blog post"),
                    tr("The planned matrices' factors are not counted, as in the blog post"));
    auto* note = new QLabel(tr("The blog post does not count the factors."), box);
    note->setAccessibleName(tr("Note on the blog post's counting"));
    note->setWordWrap(true);
    QFont small = note->font();
    small.setPointSizeF(small.pointSizeF() * 0.9);
    note->setFont(small);
    form->addRow(note);
    return box;
}

QGroupBox* PlanPanel::makeCalibrationBox() {
    auto* box = new QGroupBox(tr("Calibration"), this);
    m_calibration = new QLabel(box);
    m_calibration->setObjectName(QStringLiteral("calibration"));
    m_calibration->setAccessibleName(tr("Calibration in use"));
    m_calibration->setWordWrap(true);
    m_calibration->setTextFormat(Qt::PlainText);
    auto* layout = new QVBoxLayout(box);
    layout->addWidget(m_calibration);
    const auto show = [this] {
        const QString file = m_session->calibrationFile();
        m_calibration->setText(
            file.isEmpty() ? tr("None. Methods that look at data need one: menu Calibration.")
                           : QFileInfo(file).fileName());
        m_calibration->setToolTip(file);
    };
    connect(m_session, &Session::calibrationChanged, this, show);
    show();
    return box;
}

void PlanPanel::showSelection() {
    const auto& selection = m_session->selection();
    const auto rank = m_session->rank();
    {
        const QSignalBlocker quiet(m_rank);
        m_rank->setMaximum(static_cast<int>(m_session->largestRank()));
        m_rank->setValue(static_cast<int>(rank));
    }
    m_rank->setEnabled(!selection.empty());
    m_clear->setEnabled(std::any_of(selection.begin(), selection.end(), [&](const auto& matrix) {
        return m_session->chosenRank(matrix.name).has_value();
    }));
    m_selected->setText(
        tr("%1 of %2")
            .arg(selection.size())
            .arg(m_session->checkpoint() ? m_session->checkpoint()->matrices().size() : 0));
    const auto [low, high] = breakEvenRange(selection);
    m_breakEven->setText(selection.empty() ? none
                         : low == high     ? QString::number(low)
                                           : tr("%1 … %2").arg(low).arg(high));
    const SelectionFigures figures = selectionFigures(m_session->selectedSpectra(), rank);
    if (figures.matrices == 0) {
        const QString text = selection.empty() ? none : tr("not computed");
        for (QLabel* label : {m_energy, m_error, m_cosine}) label->setText(text);
        return;
    }
    m_energy->setText(tr("%1 %").arg(worstAndMean(figures.energy, figures.matrices, 2)));
    m_error->setText(worstAndMean(figures.error, figures.matrices, 4));
    m_cosine->setText(worstAndMean(figures.cosine, figures.matrices, 4));
}

/// Singular values foretell these of svd alone.
void PlanPanel::showWhatIsForetold() {
    const bool svd = m_session->method() == "svd";
    auto* form = qobject_cast<QFormLayout*>(m_error->parentWidget()->layout());
    for (const auto& [value, own, ofSvd] :
         {std::tuple{m_energy, tr("Kept energy"), tr("Kept energy, svd")},
          std::tuple{m_error, tr("Relative error"), tr("Relative error, svd")},
          std::tuple{m_cosine, tr("Cosine, predicted"), tr("Cosine, svd")}}) {
        value->setAccessibleName(svd ? own : ofSvd);
        qobject_cast<QLabel*>(form->labelForField(value))->setText(svd ? own : ofSvd);
    }
}

void PlanPanel::showPlan() {
    const auto* checkpoint = m_session->checkpoint();
    const auto& plan = m_session->plan();
    m_storage->setCurrentIndex(m_storage->findData(static_cast<int>(m_session->storage())));
    m_compress->setEnabled(plan.has_value());
    m_planned->setText(plan ? QString::number(plan->entries.size()) : tr("none yet"));
    const QString& origin = m_session->planOrigin();
    m_method->setText(!plan              ? none
                      : origin.isEmpty() ? QString::fromStdString(m_session->method())
                                         : origin);
    m_method->setWordWrap(true);
    showWhatIsForetold();
    const std::int64_t dense = checkpoint ? checkpoint->denseParameterCount() : 0;
    const auto show = [&](QLabel* label, std::int64_t count) {
        label->setText(plan ? grouped(count) + change(count, dense) : none);
    };
    m_dense->setText(checkpoint ? grouped(dense) : none);
    const auto counts = plan ? plan->parameters : plan::ParameterCounts{};
    show(m_stored, counts.stored);
    show(m_factored, counts.factored);
    show(m_pivoted, counts.pivoted);
    show(m_post, counts.postConvention);
    showSelection();
}

}  // namespace rankscope::ui
