// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

namespace rankscope::ui {

/// The checkpoints opened last, newest first, kept in an ini file under the user's configuration
/// folder. A damaged file is moved aside and a new list begun; a folder that cannot be written
/// only means that nothing is remembered.
class RecentFiles {
 public:
    /// `file` is for tests; by default rankscope/window.ini under XDG_CONFIG_HOME.
    explicit RecentFiles(QString file = defaultFile());

    /// Those that still exist, at most ten.
    QStringList paths() const;
    void add(const QString& path);
    void clear();

    static QString defaultFile();

 private:
    QStringList stored() const;
    void store(const QStringList& paths) const;

    QString m_file;
};

}  // namespace rankscope::ui
