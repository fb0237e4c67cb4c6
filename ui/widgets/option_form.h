// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFormLayout>
#include <QString>
#include <QWidget>
#include <map>
#include <string>

#include "core/base/option.h"

namespace rankscope::ui {

/// Form rows made from the program's options: label, tool tip, range, default and choices are the
/// command line's. Choices become a combo box, numbers a field that holds the range, the rest text.
class OptionForm {
 public:
    explicit OptionForm(QFormLayout* layout) : m_layout(layout) {}

    /// The row's editor; its object name is the option's.
    QWidget* add(const Option& option);
    /// The words entered, as they would be typed on the command line; empty if nothing was.
    QString value(const std::string& name) const;
    void setValue(const std::string& name, const QString& text);
    QWidget* editor(const std::string& name) const;
    QFormLayout* layout() const { return m_layout; }

 private:
    QFormLayout* m_layout;
    std::map<std::string, QWidget*> m_editors;
};

}  // namespace rankscope::ui
