// SPDX-License-Identifier: GPL-3.0-or-later
// draw_icons ICON.svg FOLDER writes FOLDER/NxN/apps/ICON.png for each size of an installation. Part
// of the build, not installed.
#include <QDir>
#include <QFileInfo>
#include <cstdio>

#include "ui/application_icon.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("Usage: draw_icons ICON.svg FOLDER\n", stderr);
        return 2;
    }
    const QFileInfo svg(QString::fromLocal8Bit(argv[1]));
    for (const int size : rankscope::ui::iconSizes) {
        const QString folder =
            QStringLiteral("%1/%2x%2/apps").arg(QString::fromLocal8Bit(argv[2])).arg(size);
        const QString file = folder + QLatin1Char('/') + svg.completeBaseName() + ".png";
        QDir().mkpath(folder);
        if (!rankscope::ui::drawnIcon(svg.filePath(), size).save(file)) {
            std::fprintf(stderr, "draw_icons: %s cannot be drawn as %s.\n", argv[1],
                         qPrintable(file));
            return 1;
        }
    }
    return 0;
}
