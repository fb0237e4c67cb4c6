// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/welcome_page.h"

#include <QFileInfo>
#include <QFontMetrics>
#include <QLabel>

namespace rankscope::ui {

namespace {

constexpr int columnWidth = 560;

}  // namespace

WelcomePage::WelcomePage(QWidget* parent) : QWidget(parent) {
    auto* column = new QWidget(this);
    column->setFixedWidth(columnWidth);
    auto* title = new QLabel(tr("How compressible is a Flan-T5 model?"), column);
    QFont large = title->font();
    large.setPointSizeF(large.pointSizeF() * 1.7);
    title->setFont(large);
    auto* text = new QLabel(
        tr("Open a checkpoint: a Hugging Face folder with config.json and model.safetensors. "
           "Rankscope shows how fast the singular values of each weight matrix decay, lets you "
           "choose ranks, and writes a compressed checkpoint."),
        column);
    text->setWordWrap(true);
    auto* open = new QPushButton(tr("&Open a checkpoint…"), column);
    m_demo = new QPushButton(tr("Open the &demo model"), column);
    m_demo->setObjectName(QStringLiteral("demo"));
    m_demo->setToolTip(tr("A small T5, trained to summarise short dialogues"));
    m_demo->setDefault(true);
    auto* drop = new QLabel(tr("or drop a checkpoint's folder or .safetensors file here."), column);
    m_recent = new QWidget(column);
    m_recentLayout = new QVBoxLayout(m_recent);
    m_recentLayout->setContentsMargins(0, 12, 0, 0);
    auto* inner = new QVBoxLayout(column);
    inner->setSpacing(10);
    for (QWidget* widget : std::initializer_list<QWidget*>{title, text, m_demo, open, drop})
        inner->addWidget(widget);
    for (QPushButton* button : {open, m_demo}) {
        button->setAccessibleName(button->text().remove(QLatin1Char('&')));
        button->setMinimumHeight(36);
    }
    inner->addWidget(m_recent);
    auto* layout = new QVBoxLayout(this);
    layout->addStretch(2);
    layout->addWidget(column, 0, Qt::AlignHCenter);
    layout->addStretch(3);
    connect(open, &QPushButton::clicked, this, &WelcomePage::openRequested);
    connect(m_demo, &QPushButton::clicked, this,
            [this] { emit pathRequested(QStringLiteral("demo")); });
}

void WelcomePage::showRecent(const QStringList& paths) {
    qDeleteAll(m_recent->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly));
    m_recent->setVisible(!paths.isEmpty());
    if (paths.isEmpty()) return;
    m_recentLayout->addWidget(new QLabel(tr("Opened last:"), m_recent));
    for (const QString& path : paths) {
        auto* button = new QPushButton(m_recent);
        QString shown = button->fontMetrics().elidedText(path, Qt::ElideMiddle, columnWidth - 40);
        button->setText(shown.replace(QLatin1Char('&'), QLatin1String("&&")));
        button->setToolTip(path);
        button->setAccessibleName(tr("Open %1").arg(path));
        button->setFlat(true);
        button->setStyleSheet(QStringLiteral("text-align: left; padding: 2px"));
        button->setCursor(Qt::PointingHandCursor);
        connect(button, &QPushButton::clicked, this, [this, path] { emit pathRequested(path); });
        m_recentLayout->addWidget(button);
    }
}

}  // namespace rankscope::ui
