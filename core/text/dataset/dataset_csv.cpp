// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

/// One record of a CSV file, good or not.
struct Record {
    std::int64_t line = 0;
    std::vector<std::string> fields;
    bool blank = true;    ///< an empty line
    std::string problem;  ///< a sentence if the record cannot be used
};

/// Takes records of RFC 4180 from a reader. A quote inside a field that does not begin with one is
/// taken literally, as other readers do.
class CsvRecords {
 public:
    CsvRecords(ByteReader& reader, const std::string& name) : m_reader(reader), m_name(name) {}

    /// False at the end of the file.
    bool take(Record& record) {
        if (m_reader.peek() == ByteReader::end) return false;
        record = Record{m_reader.line(), {}, true, {}};
        m_length = 0;
        bool more = true;
        while (more) {
            record.fields.emplace_back();
            if (m_reader.peek() == '"') {
                record.blank = false;
                takeQuoted(record);
            }
            more = takePlain(record);
            if (record.fields.size() > limits::columns)
                throw Error(fmt::format("{} has more than {} fields on line {}.", m_name,
                                        limits::columns, record.line),
                            m_name);
        }
        return true;
    }

 private:
    void append(Record& record, int byte) {
        if (byte == 0) record.problem = "The row holds a NUL byte.";
        if (++m_length > limits::rowBytes)
            record.problem = "The row is longer than 64 MiB.";
        else
            record.fields.back().push_back(static_cast<char>(byte));
    }

    void takeQuoted(Record& record) {
        const std::int64_t begun = m_reader.line();
        m_reader.take();
        for (;;) {
            const int byte = m_reader.take();
            if (byte == ByteReader::end)
                throw Error(fmt::format("{} has a quote on line {} that is never closed (in the "
                                        "row that begins on line {}).",
                                        m_name, begun, record.line),
                            m_name);
            if (byte != '"') {
                append(record, byte);
                continue;
            }
            if (m_reader.peek() != '"') break;
            append(record, m_reader.take());
        }
        const int next = m_reader.peek();
        if (next != ',' && next != '\r' && next != '\n' && next != ByteReader::end)
            record.problem = "Text follows after a closing quote.";
    }

    /// Takes up to and including the next comma or line end. True: another field follows.
    bool takePlain(Record& record) {
        for (;;) {
            const int byte = m_reader.take();
            if (byte == ByteReader::end || byte == '\n') return false;
            if (byte == '\r' && m_reader.peek() == '\n') continue;
            record.blank = false;
            if (byte == ',') return true;
            append(record, byte);
        }
    }

    ByteReader& m_reader;
    const std::string& m_name;
    std::uint64_t m_length = 0;
};

void checkHeader(const Record& header, const std::string& name) {
    if (!header.problem.empty())
        throw Error(fmt::format("{} has no usable header: {}", name, header.problem), name);
    std::set<std::string_view> seen;
    for (const std::string& column : header.fields) {
        if (firstInvalidUtf8(column) != std::string_view::npos)
            throw Error(fmt::format("{} is not a dataset of a kind that is read (JSON, JSON lines, "
                                    "CSV, 7z, Arrow stream, Parquet): its first line is not "
                                    "valid UTF-8.",
                                    name),
                        name);
        if (!seen.insert(column).second)
            throw Error(fmt::format("{} has two columns called \"{}\"; rename one.", name,
                                    printable(column)),
                        name);
    }
}

}  // namespace

void readCsv(ByteReader& reader, ExampleCollector& collector) {
    CsvRecords records(reader, collector.name());
    Record header;
    do {
        if (!records.take(header)) return;
    } while (header.blank);
    checkHeader(header, collector.name());
    collector.setColumns(header.fields);
    Record record;
    while (!collector.full() && records.take(record)) {
        if (record.blank) continue;
        if (record.problem.empty() && record.fields.size() != header.fields.size())
            record.problem = fmt::format("The number of fields is {}, in the header {}.",
                                         record.fields.size(), header.fields.size());
        if (!record.problem.empty()) {
            collector.addBad(record.line, std::move(record.problem));
            continue;
        }
        Row row{record.line, {}};
        row.fields.reserve(header.fields.size());
        for (std::size_t i = 0; i < header.fields.size(); ++i)
            row.fields.push_back(
                {header.fields[i], Field::Kind::Text, std::move(record.fields[i])});
        collector.add(std::move(row));
    }
}

}  // namespace rankscope::text
