// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/option_form.h"

#include <QComboBox>
#include <QDoubleValidator>
#include <QLabel>
#include <QLineEdit>

#include "ui/wording/wording.h"

namespace rankscope::ui {

namespace {

QWidget* makeEditor(const Option& option, QWidget* parent) {
    if (!option.choices.empty()) {
        auto* box = new QComboBox(parent);
        for (const auto choice : option.choices) box->addItem(toQString(choice));
        box->setCurrentText(toQString(option.defaultText));
        return box;
    }
    auto* line = new QLineEdit(toQString(option.defaultText), parent);
    if (option.minimum || option.maximum) {
        auto* range = new QDoubleValidator(line);
        range->setLocale(QLocale::c());
        if (option.minimum) range->setBottom(*option.minimum);
        if (option.maximum) range->setTop(*option.maximum);
        line->setValidator(range);
    }
    return line;
}

}  // namespace

QWidget* OptionForm::add(const Option& option) {
    QWidget* editor = makeEditor(option, m_layout->parentWidget());
    auto* label = new QLabel(toQString(option.label), m_layout->parentWidget());
    label->setBuddy(editor);
    label->setToolTip(toQString(option.help));
    editor->setObjectName(toQString(option.name));
    editor->setToolTip(toQString(option.help));
    editor->setAccessibleName(toQString(option.label));
    m_layout->addRow(label, editor);
    m_editors[std::string(option.name)] = editor;
    return editor;
}

QWidget* OptionForm::editor(const std::string& name) const {
    const auto found = m_editors.find(name);
    return found == m_editors.end() ? nullptr : found->second;
}

QString OptionForm::value(const std::string& name) const {
    if (const auto* box = qobject_cast<QComboBox*>(editor(name))) return box->currentText();
    const auto* line = qobject_cast<QLineEdit*>(editor(name));
    if (!line) return {};
    // White space around a number means nothing; in a text, as a prefix, it does.
    return line->validator() ? line->text().trimmed() : line->text();
}

void OptionForm::setValue(const std::string& name, const QString& words) {
    if (auto* box = qobject_cast<QComboBox*>(editor(name)))
        box->setCurrentText(words);
    else if (auto* line = qobject_cast<QLineEdit*>(editor(name)))
        line->setText(words);
}

}  // namespace rankscope::ui
