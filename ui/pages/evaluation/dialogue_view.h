// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTextEdit>
#include <QWidget>

#include "ui/models/sample_model.h"
#include "ui/models/word_diff.h"
#include "ui/session/session.h"
#include "ui/widgets/result_table.h"

namespace rankscope::ui {

/// The dialogues one by one: a list to sort and filter, and the dialogue, its reference and two
/// runs' summaries with the words marked in which they differ.
class DialogueView : public QWidget {
    Q_OBJECT
 public:
    explicit DialogueView(Session* session, QWidget* parent = nullptr);
    /// The shown dialogue's position in the evaluation; -1 if none is.
    int currentSample() const;

 protected:
    void changeEvent(QEvent* event) override;

 private:
    /// One of the two summaries.
    struct Side {
        QWidget* box = nullptr;
        QComboBox* run = nullptr;
        QLabel* scores = nullptr;
        QTextEdit* text = nullptr;
    };
    QLayout* makeListRow();
    QWidget* makeTexts();
    Side makeSide(const QString& name, const QString& toolTip);
    void showEvaluation();
    void showCompared();
    void showSample();
    void showSide(const Side& side, std::size_t sample, const std::vector<DiffWord>& words);
    void step(int rows);

    Session* m_session;
    SampleModel* m_model;
    SampleFilter* m_filter;
    ResultTable* m_table;
    QLineEdit* m_filterBox = nullptr;
    QLabel* m_count = nullptr;
    QPushButton* m_previous = nullptr;
    QPushButton* m_next = nullptr;
    QLabel* m_sourceTitle = nullptr;
    QTextEdit* m_source = nullptr;
    QTextEdit* m_reference = nullptr;
    Side m_sides[2];
};

}  // namespace rankscope::ui
