// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/application_icon.h"

#include <gtest/gtest.h>

#include <QPixmap>

namespace rankscope::ui {
namespace {

TEST(ApplicationIcon, IsDrawnInEachSizeOfAWindowsFrame) {
    const QIcon icon = applicationIcon(QStringLiteral(RANKSCOPE_ICON));
    const QList<QSize> sizes = icon.availableSizes();
    for (const int size : {16, 24, 32, 48, 64, 128, 256}) {
        EXPECT_TRUE(sizes.contains(QSize(size, size))) << size;
        EXPECT_EQ(icon.pixmap(QSize(size, size)).size(), QSize(size, size));
    }
    // The rank line stands at half the width, the tile's corner is empty.
    const QImage image = icon.pixmap(QSize(64, 64)).toImage();
    EXPECT_EQ(image.pixelColor(34, 32), QColor(0xff, 0x8a, 0x3c));
    EXPECT_EQ(image.pixelColor(0, 0).alpha(), 0);
}

TEST(ApplicationIcon, IsNullIfTheFileCannotBeRead) {
    EXPECT_TRUE(applicationIcon(QStringLiteral("/nowhere.svg")).isNull());
    EXPECT_TRUE(drawnIcon(QStringLiteral("/nowhere.svg"), 16).isNull());
}

}  // namespace
}  // namespace rankscope::ui
