// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/text/dataset/dataset_arrow_batch.h"
#include "core/text/dataset/dataset_formats.h"

namespace rankscope::text {

namespace {

constexpr std::uint64_t metadataCap = std::uint64_t{64} << 20U;
constexpr std::uint64_t bodyCap = std::uint64_t{4} << 30U;
// Numbers of the union MessageHeader in Message.fbs.
constexpr std::uint8_t schemaMessage = 1;
constexpr std::uint8_t dictionaryMessage = 2;
constexpr std::uint8_t batchMessage = 3;

/// Takes the messages of a stream (Arrow columnar format, "IPC Streaming Format").
class ArrowStream {
 public:
    ArrowStream(ByteReader& reader, ExampleCollector& collector)
        : m_reader(reader), m_collector(collector) {}

    void read() {
        while (!m_collector.full() && readMessage()) {
        }
        if (!m_schema) fail("it holds no table");
    }

 private:
    [[noreturn]] void fail(std::string_view reason) const {
        throw Error(
            fmt::format("{} cannot be read as an Arrow stream: {}.", m_collector.name(), reason),
            m_collector.name());
    }

    std::string take(std::uint64_t count) {
        std::string bytes = m_reader.takeBytes(count);
        if (bytes.size() < count) fail("it ends too early; it was cut off");
        return bytes;
    }

    /// False at the end of the stream, marked or not.
    bool readMessage() {
        if (m_reader.lookAhead(1).empty()) return false;
        const std::string front = take(8);
        const FlatBytes prefix{front, m_collector.name()};
        if (prefix.number<std::uint32_t>(0) != 0xFFFFFFFF)
            fail(
                "a message does not begin as it must (streams from before Arrow 0.15 are not "
                "read)");
        const std::uint64_t length = prefix.number<std::uint32_t>(4);
        if (length == 0) return false;
        if (length > metadataCap) fail("its metadata is longer than 64 MiB");
        const std::string metadata = take(length);
        const FlatTable message = FlatTable::root({metadata, m_collector.name()});
        const auto bodyLength = message.number<std::int64_t>(3, 0);
        if (bodyLength < 0 || static_cast<std::uint64_t>(bodyLength) > bodyCap)
            fail("a batch is longer than 4 GiB");
        const std::string body = take(static_cast<std::uint64_t>(bodyLength));
        const std::optional<FlatTable> header = message.table(2);
        if (!header) fail("a message is empty");
        handle(message, *header, body);
        return true;
    }

    void handle(const FlatTable& message, const FlatTable& header, std::string_view body) {
        const auto kind = message.number<std::uint8_t>(1, 0);
        if (kind == schemaMessage) {
            if (m_schema) fail("it holds two tables");
            const int version = message.number<std::int16_t>(0, 0);
            m_schema = readArrowSchema(header, version, m_collector.name());
            std::vector<std::string> names;
            for (const ArrowColumn& column : m_schema->columns) names.push_back(column.name);
            m_collector.setColumns(names);
            return;
        }
        if (!m_schema) fail("its data come before its columns' names");
        if (kind == dictionaryMessage)
            addDictionary(header, body);
        else if (kind == batchMessage)
            addRows(ArrowBatch(header, body, m_collector.name()));
        else
            fail(fmt::format("it holds a message of the kind {}", kind));
    }

    void addDictionary(const FlatTable& header, std::string_view body) {
        const auto number = header.number<std::int64_t>(0, 0);
        const std::optional<FlatTable> data = header.table(1);
        if (!data) fail("a dictionary is empty");
        const ArrowColumn* user = nullptr;
        for (const ArrowColumn& column : m_schema->columns)
            if (column.isDictionary && column.dictionary == number) user = &column;
        // It belongs to a nested column, which is not read.
        if (user == nullptr) return;
        ArrowColumn entries{user->name, user->values, 64, true, false, 0, 0, 0, 0};
        if (entries.values == ArrowValues::Integer) entries.values = ArrowValues::Other;
        const ArrowBatch batch(*data, body, m_collector.name());
        const ArrowBatch::Column column(batch, entries, m_dictionaries);
        std::vector<std::optional<std::string>>& kept = m_dictionaries[number];
        if (header.number<std::uint8_t>(2, 0) == 0) kept.clear();
        for (std::int64_t row = 0; row < batch.rows(); ++row) {
            Field entry = column.at(row);
            if (entry.kind == Field::Kind::Text)
                kept.emplace_back(std::move(entry.text));
            else
                kept.emplace_back(std::nullopt);
        }
    }

    void addRows(const ArrowBatch& batch) {
        std::vector<ArrowBatch::Column> columns;
        columns.reserve(m_schema->columns.size());
        for (const ArrowColumn& column : m_schema->columns)
            columns.emplace_back(batch, column, m_dictionaries);
        for (std::int64_t i = 0; i < batch.rows() && !m_collector.full(); ++i) {
            Row row{++m_row, {}};
            row.fields.reserve(columns.size());
            for (const ArrowBatch::Column& column : columns) row.fields.push_back(column.at(i));
            m_collector.add(std::move(row));
        }
    }

    ByteReader& m_reader;
    ExampleCollector& m_collector;
    std::optional<ArrowSchema> m_schema;
    ArrowDictionaries m_dictionaries;
    std::int64_t m_row = 0;
};

}  // namespace

void readArrowStream(ByteReader& reader, ExampleCollector& collector) {
    ArrowStream(reader, collector).read();
}

}  // namespace rankscope::text
