// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/recent_files.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>
#include <algorithm>

namespace rankscope::ui {

namespace {

constexpr int mostPaths = 10;
constexpr qint64 largestFile = 1 << 20;
const QString key = QStringLiteral("recent/checkpoints");

/// Content that a damaged or foreign file could hold instead of a path.
bool plausible(const QString& path) {
    return path.startsWith(QLatin1Char('/')) && path.size() < 4096 &&
           std::all_of(path.begin(), path.end(), [](QChar c) { return c.isPrint(); });
}

bool damaged(const QString& file) {
    const QFileInfo info(file);
    if (!info.exists()) return false;
    if (!info.isFile() || info.size() > largestFile) return true;
    const QSettings settings(file, QSettings::IniFormat);
    return settings.status() == QSettings::FormatError;
}

}  // namespace

RecentFiles::RecentFiles(QString file) : m_file(std::move(file)) {
    if (damaged(m_file)) {
        const QString aside = m_file + QStringLiteral(".damaged");
        QFile::remove(aside);
        QFile::rename(m_file, aside);
    }
}

QString RecentFiles::defaultFile() {
    return QDir(QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation))
        .filePath(QStringLiteral("rankscope/window.ini"));
}

QStringList RecentFiles::stored() const {
    const QSettings settings(m_file, QSettings::IniFormat);
    QStringList result;
    for (const QString& path : settings.value(key).toStringList())
        if (plausible(path) && !result.contains(path) && result.size() < mostPaths) result << path;
    return result;
}

QStringList RecentFiles::paths() const {
    QStringList result = stored();
    result.removeIf([](const QString& path) { return !QFileInfo::exists(path); });
    return result;
}

void RecentFiles::store(const QStringList& paths) const {
    QSettings settings(m_file, QSettings::IniFormat);
    settings.setValue(key, paths);
    settings.sync();
}

void RecentFiles::add(const QString& path) {
    const QString absolute = QFileInfo(path).absoluteFilePath();
    if (!plausible(absolute)) return;
    QStringList paths = stored();
    paths.removeAll(absolute);
    paths.prepend(absolute);
    store(paths.mid(0, mostPaths));
}

void RecentFiles::clear() { store({}); }

}  // namespace rankscope::ui
