// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QComboBox>
#include <QLineEdit>
#include <QObject>
#include <QString>
#include <stdexcept>
#include <string>

namespace rankscope::uitest {

/// The object of this class below `parent`, at any depth, with this object name; without a name
/// the only one of the class. Throws, which fails the test, if there is none.
template <class T>
T* find(const QObject* parent, const char* name = "") {
    T* const found = parent->findChild<T*>(*name ? QString::fromLatin1(name) : QString());
    if (!found) {
        throw std::runtime_error(std::string("no ") + T::staticMetaObject.className() + " '" +
                                 name + "'");
    }
    return found;
}
template <class T>
T* find(const QObject& parent, const char* name = "") {
    return find<T>(&parent, name);
}

/// The entry of an option's row in a form, the option by its name on the command line.
inline QString entered(const QObject& form, const char* option) {
    const auto* editor = find<QWidget>(form, option);
    const auto* box = qobject_cast<const QComboBox*>(editor);
    return box ? box->currentText() : qobject_cast<const QLineEdit*>(editor)->text();
}
inline void enter(const QObject& form, const char* option, const QString& words) {
    auto* editor = find<QWidget>(form, option);
    if (auto* box = qobject_cast<QComboBox*>(editor))
        box->setCurrentText(words);
    else
        qobject_cast<QLineEdit*>(editor)->setText(words);
}

}  // namespace rankscope::uitest
