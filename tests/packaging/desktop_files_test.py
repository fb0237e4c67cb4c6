#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The desktop entry, the description and the icon are what desktops and shops expect.

    desktop_files_test.py packaging/desktop VERSION [INSTALLED_ICONS]

The last is the drawn share/icons/hicolor, in builds that have the window.
"""
import configparser
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest
import xml.etree.ElementTree
import zlib

ID = "org.rankscope.Rankscope"
SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
FOLDER = VERSION = ICONS = None


def validate(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


def pixels(file):
    """Rows of (red, green, blue, alpha) of a PNG of 8 bits a channel that is not interlaced."""
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
        packed += body if kind == b"IDAT" else b""
        place += 12 + length
    assert (depth, colour, interlaced) == (8, 6, 0), (depth, colour, interlaced)
    raw, rows, above = zlib.decompress(packed), [], bytearray(4 * width)
    for y in range(height):
        start = y * (4 * width + 1)
        above = unfiltered(raw[start], bytearray(raw[start + 1:start + 1 + 4 * width]), above)
        rows.append([tuple(above[4 * x:4 * x + 4]) for x in range(width)])
    return rows


def unfiltered(kind, row, above):
    for i, value in enumerate(row):
        left, up, corner = (row[i - 4] if i >= 4 else 0), above[i], (above[i - 4] if i >= 4 else 0)
        estimate = left + up - corner
        nearest = min((abs(estimate - left), 0, left), (abs(estimate - up), 1, up),
                      (abs(estimate - corner), 2, corner))[2]
        row[i] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
    return row


class DesktopFiles(unittest.TestCase):
    @unittest.skipUnless(shutil.which("desktop-file-validate"), "desktop-file-utils is missing")
    def test_the_entry_is_valid(self):
        run = validate("desktop-file-validate", FOLDER / f"{ID}.desktop")
        self.assertEqual((run.returncode, run.stdout), (0, ""))

    @unittest.skipUnless(shutil.which("appstreamcli"), "appstream is missing")
    def test_the_description_is_valid(self):
        run = validate("appstreamcli", "validate", "--no-net", FOLDER / f"{ID}.metainfo.xml")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertNotRegex(run.stdout, "(?m)^[EW]:")

    def test_both_and_the_program_agree(self):
        entry = configparser.ConfigParser(interpolation=None)
        entry.read(FOLDER / f"{ID}.desktop", encoding="utf-8")
        entry = entry["Desktop Entry"]
        about = xml.etree.ElementTree.parse(FOLDER / f"{ID}.metainfo.xml").getroot()
        self.assertEqual(about.findtext("id"), ID)
        self.assertEqual(about.findtext("launchable"), f"{ID}.desktop")
        self.assertEqual(about.findtext("name"), entry["Name"])
        self.assertEqual(about.findtext("summary"), entry["Comment"])
        self.assertEqual(entry["Icon"], ID)
        self.assertIn(entry["Exec"].split()[0], [one.text for one in about.iter("binary")])
        self.assertEqual(about.find("releases/release").get("version"), VERSION)
        self.assertEqual(about.findtext("project_license"), "Apache-2.0 AND GPL-3.0-or-later")

    def test_the_icon_stands_in_every_size(self):
        if ICONS is None:
            self.skipTest("this build has no window")
        svg = ICONS / "scalable" / "apps" / f"{ID}.svg"
        self.assertEqual(svg.read_bytes(), (FOLDER / f"{ID}.svg").read_bytes())
        found = {file.relative_to(ICONS).as_posix() for file in ICONS.rglob("*.png")}
        self.assertEqual(found, {f"{size}x{size}/apps/{ID}.png" for size in SIZES})
        for size in SIZES:
            rows = pixels(ICONS / f"{size}x{size}" / "apps" / f"{ID}.png")
            self.assertEqual((len(rows), len(rows[0])), (size, size))
            self.assertLess(rows[0][0][3], 32, "the corners are transparent")
            self.assertEqual(rows[size // 2][size // 2][3], 255)

    def test_at_16_pixels_the_line_and_both_parts_are_sharp(self):
        if ICONS is None:
            self.skipTest("this build has no window")
        rows = pixels(ICONS / "16x16" / "apps" / f"{ID}.png")
        orange, tile = (0xff, 0x8a, 0x3c, 255), (0x17, 0x40, 0x5f, 255)
        for y in range(2, 14):
            self.assertEqual(rows[y][8], orange)
            self.assertEqual(rows[y][9], tile)
        self.assertEqual(rows[13][2], (0x56, 0xb4, 0xe9, 255))  # kept
        self.assertEqual(rows[13][10], (0x8f, 0xb1, 0xc7, 255))  # cut
        # Bars fall from left to right: the first row that is not the tile's.
        tops = [next(y for y in range(2, 15) if rows[y][x] != tile) for x in (2, 4, 6, 10, 12)]
        self.assertEqual(tops, sorted(set(tops)))


if __name__ == "__main__":
    FOLDER, VERSION = pathlib.Path(sys.argv[1]), sys.argv[2]
    ICONS = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    unittest.main(argv=sys.argv[:1])
