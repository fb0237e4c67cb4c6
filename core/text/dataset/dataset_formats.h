// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/dataset/dataset_rows.h"
#include "core/text/dataset/dataset_stream.h"

namespace rankscope::text {

/// Kinds of file, told by their first bytes.
enum class DatasetFormat { Json, JsonLines, Csv, SevenZip, ArrowStream, ArrowFile, Parquet };

/// "JSON", "JSON lines", … as Dataset::format has it.
std::string_view formatName(DatasetFormat format);

/// The kind of what `reader` stands at, nothing taken but a byte order mark. `name` is the file in
/// messages, `split` the one that is to be read. Throws Error: empty, UTF-16 or UTF-32, compressed,
/// not text.
DatasetFormat detectFormat(ByteReader& reader, std::string_view name, std::string_view split);

/// Names under which a split is known, e.g. validation, val, dev, valid. The first is `split`.
std::vector<std::string> namesOfSplit(std::string_view split);

/// Positions in `paths` of the files that hold the split: the one called like it with an ending
/// of a dataset (test.json), else those with its name in theirs (samsum-test.arrow), several only
/// where they are the numbered parts of one (test-00000-of-00002.parquet). Throws Error where
/// there is none, or where it is not clear which; `name` is the folder or archive in messages.
std::vector<std::size_t> filesOfSplit(const std::vector<std::string>& paths, std::string_view split,
                                      std::string_view name);

/// The files to read, in order, of a folder: that of save_to_disk of `datasets` (state.json, or
/// a folder in it for each split), or one that has a file for each split. Throws Error.
std::vector<std::filesystem::path> filesOfFolder(const std::filesystem::path& folder,
                                                 std::string_view split);

/// An array of objects, or an object that holds one under "data", "rows" or the split's name.
/// A row that is no valid JSON object is bad, the others are kept; Error where the file ends inside
/// the array. Rows are read one at a time: depth 64, strings 16 MiB, a row 64 MiB.
void readJson(ByteReader& reader, ExampleCollector& collector);

/// One object a line, of at most 64 MiB; empty lines are passed over.
void readJsonLines(ByteReader& reader, ExampleCollector& collector);

/// RFC 4180 with a header, lines ending in LF or CRLF, fields of a row 64 MiB together. A row with
/// another number of fields than the header, a NUL byte or text behind a closing quote is bad;
/// Error where a quote is never closed.
void readCsv(ByteReader& reader, ExampleCollector& collector);

/// Arrow IPC stream: columns of utf8, large_utf8 (dictionaries of them too) and integers are read,
/// others passed over. Error: damaged or cut off (every offset is checked), packed bodies, big
/// endian, metadata over 64 MiB, a batch over 4 GiB, columns nested more than 64 deep.
void readArrowStream(ByteReader& reader, ExampleCollector& collector);

/// Parquet where Arrow's libraries were there at build time; else an Error with the line that
/// converts the file.
void readParquet(const std::filesystem::path& file, ExampleCollector& collector);

/// The split's file in a 7-Zip archive, unpacked piece by piece into memory, never to disk.
/// Error: damaged, password, an archive in the archive, more than 10,000 entries, more than 4 GiB
/// or 1,000 times the archive's size unpacked. Links and names with .. are passed over.
void readSevenZip(const std::filesystem::path& file, ExampleCollector& collector);

/// What `reader` stands at, of a kind already told and read front to back: text or Arrow.
void readRows(DatasetFormat format, ByteReader& reader, ExampleCollector& collector);

}  // namespace rankscope::text
