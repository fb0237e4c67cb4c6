// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/dataset/dataset_rows.h"
#include "core/text/dataset/dataset_stream.h"

namespace rankscope::text {

/// Kinds of file, recognised by their first bytes.
enum class DatasetFormat { Json, JsonLines, Csv, SevenZip, ArrowStream, ArrowFile, Parquet };

/// "JSON", "JSON lines", … as in Dataset::format.
std::string_view formatName(DatasetFormat format);

/// The kind of the data ahead of `reader`; takes nothing but a byte order mark. `name` is the file
/// in messages, `split` the one to read. Throws Error: empty, UTF-16 or UTF-32, compressed, not
/// text.
DatasetFormat detectFormat(ByteReader& reader, std::string_view name, std::string_view split);

/// Names under which a split is known, e.g. validation, val, dev, valid. The first is `split`.
std::vector<std::string> namesOfSplit(std::string_view split);

/// Positions in `paths` of the files that hold the split: the one of that name with an ending of a
/// dataset (test.json), else those with its name in theirs (samsum-test.arrow), several only if
/// they are the numbered parts of one (test-00000-of-00002.parquet). Throws Error if there is none,
/// or if it is not clear which; `name` is the folder or archive in messages.
std::vector<std::size_t> filesOfSplit(const std::vector<std::string>& paths, std::string_view split,
                                      std::string_view name);

/// The files to read, in order, of a folder: one written by save_to_disk of `datasets` (state.json,
/// or a folder in it per split), or one that has a file per split. Throws Error.
std::vector<std::filesystem::path> filesOfFolder(const std::filesystem::path& folder,
                                                 std::string_view split);

/// An array of objects, or an object that holds one under "data", "rows" or the split's name.
/// A row that is not a valid JSON object is bad, the others are kept; Error if the file ends inside
/// the array. Rows are read one at a time: depth 64, strings 16 MiB, a row 64 MiB.
void readJson(ByteReader& reader, ExampleCollector& collector);

/// One object per line, of at most 64 MiB; empty lines are skipped.
void readJsonLines(ByteReader& reader, ExampleCollector& collector);

/// RFC 4180 with a header, lines ending in LF or CRLF, fields of a row 64 MiB together. A row with
/// another number of fields than the header, a NUL byte or text after a closing quote is bad; Error
/// if a quote is never closed.
void readCsv(ByteReader& reader, ExampleCollector& collector);

/// Arrow IPC stream: columns of utf8, large_utf8 (dictionaries of them too) and integers are read,
/// others skipped. Error: damaged or cut off (every offset is checked), packed bodies, big endian,
/// metadata over 64 MiB, a batch over 4 GiB, columns nested more than 64 deep.
void readArrowStream(ByteReader& reader, ExampleCollector& collector);

/// Parquet if Arrow's libraries were there at build time; else an Error with the line that converts
/// the file.
void readParquet(const std::filesystem::path& file, ExampleCollector& collector);

/// The split's file in a 7-Zip archive, unpacked piece by piece into memory, never to disk.
/// Error: damaged, password, an archive in the archive, more than 10,000 entries, more than 4 GiB
/// or 1,000 times the archive's size unpacked. Links and names with .. are skipped.
void readSevenZip(const std::filesystem::path& file, ExampleCollector& collector);

/// Reads the rows ahead of `reader`, whose kind is known and read front to back: text or Arrow.
void readRows(DatasetFormat format, ByteReader& reader, ExampleCollector& collector);

}  // namespace rankscope::text
