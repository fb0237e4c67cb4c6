// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluation/dialogue_view.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QShortcut>
#include <QSignalBlocker>
#include <QSplitter>
#include <QVBoxLayout>
#include <cmath>

#include "core/evaluate/evaluation.h"
#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QTextEdit* makeText(const QString& accessibleName, QWidget* parent) {
    auto* text = new QTextEdit(parent);
    text->setReadOnly(true);
    text->setTabChangesFocus(true);
    text->setAccessibleName(accessibleName);
    text->setMinimumHeight(54);
    return text;
}

QWidget* titled(QLabel* title, QTextEdit* text, QWidget* parent) {
    auto* box = new QWidget(parent);
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    title->setBuddy(text);
    layout->addWidget(title);
    layout->addWidget(text, 1);
    return box;
}

QString scoresOf(const evaluate::EvaluationRun& run, std::size_t sample) {
    const auto& result = run.results[sample];
    QStringList words;
    if (run.hasRouge) {
        words << QObject::tr("ROUGE-1 %1  -2 %2  -L %3")
                     .arg(100 * result.rouge[0].f, 0, 'f', 1)
                     .arg(100 * result.rouge[1].f, 0, 'f', 1)
                     .arg(100 * result.rouge[2].f, 0, 'f', 1);
        words << QObject::tr("%n tokens", nullptr, static_cast<int>(result.ids.size()));
    }
    if (run.loss && result.lossTokens > 0 && std::isfinite(result.lossSum)) {
        words << QObject::tr("loss %1").arg(result.lossSum / static_cast<double>(result.lossTokens),
                                            0, 'f', 3);
    }
    return words.join(QStringLiteral(", "));
}

}  // namespace

DialogueView::DialogueView(Session* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_model(new SampleModel(this)),
      m_filter(new SampleFilter(m_model, this)),
      m_table(new ResultTable(tr("Dialogues"), this)) {
    m_table->setObjectName(QStringLiteral("dialogues"));
    m_table->setModel(m_filter);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->verticalHeader()->hide();
    auto* list = new QWidget(this);
    auto* listLayout = new QVBoxLayout(list);
    listLayout->setContentsMargins(0, 0, 0, 0);
    listLayout->addLayout(makeListRow());
    listLayout->addWidget(m_table, 1);
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(list);
    splitter->addWidget(makeTexts());
    splitter->setSizes({170, 300});
    splitter->setStretchFactor(1, 1);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(splitter);
    connect(session, &Session::evaluationChanged, this, &DialogueView::showEvaluation);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &DialogueView::showSample);
    showEvaluation();
}

QLayout* DialogueView::makeListRow() {
    m_filterBox = new QLineEdit(this);
    m_filterBox->setObjectName(QStringLiteral("dialogueFilter"));
    m_filterBox->setPlaceholderText(tr("Filter: words of the dialogue or a summary"));
    m_filterBox->setAccessibleName(tr("Filter the dialogues"));
    m_filterBox->setClearButtonEnabled(true);
    m_count = new QLabel(this);
    m_count->setAccessibleName(tr("Dialogues shown"));
    m_previous = new QPushButton(tr("Previous"), this);
    m_previous->setToolTip(tr("The dialogue before (Alt+Up)"));
    m_next = new QPushButton(tr("Next"), this);
    m_next->setObjectName(QStringLiteral("next"));
    // Not the buttons' own shortcuts: those wait for the button to be drawn pressed.
    new QShortcut(QKeySequence(tr("Alt+Up")), this, [this] { step(-1); });
    new QShortcut(QKeySequence(tr("Alt+Down")), this, [this] { step(1); });
    m_next->setToolTip(tr("The next dialogue (Alt+Down)"));
    m_previous->setAccessibleName(tr("Previous dialogue"));
    m_next->setAccessibleName(tr("Next dialogue"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_filterBox, 1);
    row->addWidget(m_count);
    row->addWidget(m_previous);
    row->addWidget(m_next);
    connect(m_filterBox, &QLineEdit::textChanged, this, [this](const QString& words) {
        m_filter->setFilterText(words);
        if (!m_table->currentIndex().isValid()) step(1);
        showSample();
    });
    connect(m_previous, &QPushButton::clicked, this, [this] { step(-1); });
    connect(m_next, &QPushButton::clicked, this, [this] { step(1); });
    return row;
}

QWidget* DialogueView::makeTexts() {
    auto* texts = new QSplitter(Qt::Horizontal, this);
    texts->setChildrenCollapsible(false);
    m_source = makeText(tr("The dialogue"), texts);
    m_source->setObjectName(QStringLiteral("source"));
    m_sourceTitle = new QLabel(tr("Dialogue"), texts);
    texts->addWidget(titled(m_sourceTitle, m_source, texts));
    auto* right = new QWidget(texts);
    auto* layout = new QVBoxLayout(right);
    layout->setContentsMargins(0, 0, 0, 0);
    m_reference = makeText(tr("The reference summary"), right);
    m_reference->setObjectName(QStringLiteral("reference"));
    layout->addWidget(titled(new QLabel(tr("Reference"), right), m_reference, right), 2);
    m_sides[0] = makeSide(tr("left"), tr("The run on the left"));
    m_sides[1] = makeSide(tr("right"), tr("The run on the right"));
    m_sides[0].text->setObjectName(QStringLiteral("left"));
    m_sides[1].text->setObjectName(QStringLiteral("right"));
    m_sides[1].run->setObjectName(QStringLiteral("rightRun"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_sides[0].box, 1);
    row->addWidget(m_sides[1].box, 1);
    layout->addLayout(row, 3);
    texts->addWidget(right);
    texts->setSizes({330, 570});
    texts->setStretchFactor(1, 1);
    return texts;
}

DialogueView::Side DialogueView::makeSide(const QString& name, const QString& toolTip) {
    Side side;
    side.box = new QWidget(this);
    side.run = new QComboBox(side.box);
    side.run->setAccessibleName(toolTip);
    side.run->setToolTip(toolTip);
    side.run->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    side.scores = new QLabel(side.box);
    side.scores->setAccessibleName(tr("Scores of the %1 summary").arg(name));
    side.scores->setWordWrap(true);
    side.text = makeText(tr("The %1 summary").arg(name), side.box);
    auto* layout = new QVBoxLayout(side.box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(side.run);
    layout->addWidget(side.text, 1);
    layout->addWidget(side.scores);
    connect(side.run, &QComboBox::currentIndexChanged, this, &DialogueView::showCompared);
    return side;
}

void DialogueView::showEvaluation() {
    const auto* evaluation = m_session->evaluation();
    const int before = std::max(0, m_table->currentIndex().row());
    m_model->setEvaluation(evaluation);
    const auto names =
        evaluation && m_model->rowCount() > 0 ? runNames(*evaluation) : std::vector<QString>();
    for (Side& side : m_sides) {
        const QSignalBlocker quiet(side.run);
        side.run->clear();
        for (const QString& name : names) side.run->addItem(name);
    }
    {
        const QSignalBlocker quiet(m_sides[1].run);
        m_sides[1].run->setCurrentIndex(names.size() > 1 ? 1 : static_cast<int>(names.size()) - 1);
    }
    m_sides[1].box->setVisible(names.size() > 1);
    showCompared();
    m_table->fit();
    if (m_filter->rowCount() > 0) m_table->selectRow(std::min(before, m_filter->rowCount() - 1));
    showSample();
}

void DialogueView::showCompared() {
    m_model->setCompared(static_cast<std::size_t>(std::max(0, m_sides[0].run->currentIndex())),
                         static_cast<std::size_t>(std::max(0, m_sides[1].run->currentIndex())));
    showSample();
}

int DialogueView::currentSample() const {
    const QModelIndex current = m_table->currentIndex();
    return current.isValid() ? m_filter->mapToSource(current).row() : -1;
}

void DialogueView::showSide(const Side& side, std::size_t sample,
                            const std::vector<DiffWord>& words) {
    const auto run = static_cast<std::size_t>(std::max(0, side.run->currentIndex()));
    // Dark and light themes: pale ink on dark ochre, dark ink on pale ochre.
    const bool dark = palette().color(QPalette::Base).lightness() < 128;
    side.text->setHtml(markedHtml(words, dark ? QColor(0x6b, 0x47, 0x00) : QColor(0xff, 0xe2, 0xa8),
                                  dark ? QColor(0xff, 0xff, 0xff) : QColor(0x1a, 0x1a, 0x1a)));
    side.scores->setText(scoresOf(m_session->evaluation()->runs[run], sample));
}

void DialogueView::showSample() {
    const int current = currentSample();
    const int row = m_table->currentIndex().row();
    m_count->setText(tr("%1 of %2").arg(m_filter->rowCount()).arg(m_model->rowCount()));
    m_previous->setEnabled(row > 0);
    m_next->setEnabled(row + 1 < m_filter->rowCount());
    if (current < 0 || !m_session->evaluation()) {
        for (QTextEdit* text : {m_source, m_reference, m_sides[0].text, m_sides[1].text})
            text->clear();
        for (const Side& side : m_sides) side.scores->clear();
        m_sourceTitle->setText(tr("Dialogue"));
        return;
    }
    const auto place = static_cast<std::size_t>(current);
    const auto& evaluation = *m_session->evaluation();
    const auto& sample = evaluation.samples[place];
    m_sourceTitle->setText(
        sample.truncated
            ? tr("Dialogue, %1 tokens: its end was cut").arg(grouped(sample.sourceTokens))
            : tr("Dialogue, %1 tokens").arg(grouped(sample.sourceTokens)));
    m_source->setPlainText(QString::fromStdString(sample.source));
    QStringList references;
    for (const auto& reference : sample.references) references << QString::fromStdString(reference);
    m_reference->setPlainText(references.join(QStringLiteral("\n\n")));
    const auto output = [&](const Side& side) {
        const auto run = static_cast<std::size_t>(std::max(0, side.run->currentIndex()));
        return QString::fromStdString(evaluation.runs[run].results[place].output);
    };
    const WordDiff diff = wordDiff(output(m_sides[0]), output(m_sides[1]));
    showSide(m_sides[0], place, diff.left);
    showSide(m_sides[1], place, diff.right);
}

void DialogueView::step(int rows) {
    const int row = m_table->currentIndex().isValid() ? m_table->currentIndex().row() + rows : 0;
    if (row >= 0 && row < m_filter->rowCount()) {
        m_table->selectRow(row);
        m_table->scrollTo(m_filter->index(row, 0));
    }
}

void DialogueView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_next)
        showSample();  // the marks' colours follow the theme
}

}  // namespace rankscope::ui
