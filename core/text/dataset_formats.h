// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/dataset_rows.h"
#include "core/text/dataset_stream.h"

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

/// Any of the three kinds of text.
void readText(DatasetFormat format, ByteReader& reader, ExampleCollector& collector);

}  // namespace rankscope::text
