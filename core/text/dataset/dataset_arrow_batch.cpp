// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/dataset_arrow_batch.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace rankscope::text {

namespace {

template <typename T>
T numberAt(std::string_view bytes, std::int64_t index) {
    T value;
    std::memcpy(&value, bytes.data() + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
    return value;
}

}  // namespace

ArrowBatch::ArrowBatch(const FlatTable& header, std::string_view body, std::string_view file)
    : m_body(body),
      m_file(file),
      m_rows(header.number<std::int64_t>(0, 0)),
      m_nodes(header.vector(1, 16)),
      m_buffers(header.vector(2, 16)),
      m_viewBuffers(header.vector(4, 8)) {
    if (header.table(3))
        throw Error(fmt::format("{} is packed inside (LZ4 or ZSTD), which is not read; write it "
                                "again with compression=None.",
                                file),
                    std::string(file));
    // A row of text takes at least four bytes, so there cannot be more rows than that.
    if (m_rows < 0 || static_cast<std::uint64_t>(m_rows) > body.size()) fail("its row count");
}

void ArrowBatch::fail(std::string_view reason) const {
    throw Error(
        fmt::format("{} is damaged: {} of a record batch does not fit its data.", m_file, reason),
        std::string(m_file));
}

std::string_view ArrowBatch::bufferOf(std::size_t index, std::uint64_t needed) const {
    if (index >= m_buffers.size) fail("the number of buffers");
    const std::uint64_t at = m_buffers.begin + index * 16;
    const auto offset = m_buffers.data.number<std::uint64_t>(at);
    const auto length = m_buffers.data.number<std::uint64_t>(at + 8);
    if (offset > m_body.size() || length > m_body.size() - offset || length < needed)
        fail("a buffer");
    return m_body.substr(offset, length);
}

ArrowBatch::Column::Column(const ArrowBatch& batch, const ArrowColumn& column,
                           const ArrowDictionaries& dictionaries)
    : m_batch(batch), m_column(column) {
    if (column.node >= batch.m_nodes.size) batch.fail("the number of columns");
    const std::uint64_t node = batch.m_nodes.begin + column.node * 16;
    if (batch.m_nodes.data.number<std::int64_t>(node) != batch.m_rows)
        batch.fail("a column's length");
    const bool isText =
        column.values == ArrowValues::Text || column.values == ArrowValues::LargeText;
    if (!isText && !column.isDictionary && column.values != ArrowValues::Integer) return;
    std::uint64_t buffer = column.buffer;
    if (column.viewsBefore > batch.m_viewBuffers.size) batch.fail("the number of views");
    for (std::size_t i = 0; i < column.viewsBefore; ++i) {
        const auto more =
            batch.m_viewBuffers.data.number<std::uint64_t>(batch.m_viewBuffers.begin + i * 8);
        if (more > batch.m_buffers.size) batch.fail("the number of views' buffers");
        buffer += more;
    }
    const auto rows = static_cast<std::uint64_t>(batch.m_rows);
    m_validity = batch.bufferOf(buffer, 0);
    if (!m_validity.empty() && m_validity.size() < (rows + 7) / 8) batch.fail("a list of nulls");
    if (column.isDictionary || column.values == ArrowValues::Integer) {
        m_values =
            batch.bufferOf(buffer + 1, rows * static_cast<std::uint64_t>(column.integerBits / 8));
        if (!column.isDictionary) return;
        const auto found = dictionaries.find(column.dictionary);
        if (found == dictionaries.end()) batch.fail("a missing dictionary");
        m_dictionary = &found->second;
        return;
    }
    const std::uint64_t width = column.values == ArrowValues::Text ? 4 : 8;
    m_values = batch.bufferOf(buffer + 1, rows == 0 ? 0 : (rows + 1) * width);
    m_letters = batch.bufferOf(buffer + 2, 0);
}

bool ArrowBatch::Column::isNull(std::int64_t row) const {
    if (m_validity.empty()) return false;
    const auto byte = static_cast<unsigned char>(m_validity[static_cast<std::size_t>(row / 8)]);
    return ((byte >> static_cast<unsigned>(row % 8)) & 1U) == 0;
}

std::string_view ArrowBatch::Column::textAt(std::int64_t row) const {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    if (m_column.values == ArrowValues::Text) {
        begin = numberAt<std::int32_t>(m_values, row);
        end = numberAt<std::int32_t>(m_values, row + 1);
    } else {
        begin = numberAt<std::int64_t>(m_values, row);
        end = numberAt<std::int64_t>(m_values, row + 1);
    }
    if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > m_letters.size())
        m_batch.fail("a text's offset");
    return m_letters.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

std::int64_t ArrowBatch::Column::integerAt(std::int64_t row) const {
    switch (m_column.integerBits) {
        case 8:
            return m_column.integerSigned ? numberAt<std::int8_t>(m_values, row)
                                          : numberAt<std::uint8_t>(m_values, row);
        case 16:
            return m_column.integerSigned ? numberAt<std::int16_t>(m_values, row)
                                          : numberAt<std::uint16_t>(m_values, row);
        case 32:
            return m_column.integerSigned ? numberAt<std::int32_t>(m_values, row)
                                          : numberAt<std::uint32_t>(m_values, row);
        default:
            return numberAt<std::int64_t>(m_values, row);
    }
}

std::string ArrowBatch::Column::integerTextAt(std::int64_t row) const {
    if (m_column.integerBits == 64 && !m_column.integerSigned)
        return std::to_string(numberAt<std::uint64_t>(m_values, row));
    return std::to_string(integerAt(row));
}

Field ArrowBatch::Column::at(std::int64_t row) const {
    Field field{m_column.name, Field::Kind::Other, {}};
    if (m_column.values == ArrowValues::Null || isNull(row)) {
        field.kind = Field::Kind::Null;
    } else if (m_dictionary != nullptr) {
        const std::int64_t index = integerAt(row);
        if (index < 0 || static_cast<std::uint64_t>(index) >= m_dictionary->size())
            m_batch.fail("an index into a dictionary");
        const std::optional<std::string>& entry = (*m_dictionary)[static_cast<std::size_t>(index)];
        field.kind = entry ? Field::Kind::Text : Field::Kind::Null;
        field.text = entry.value_or("");
    } else if (m_column.values == ArrowValues::Integer) {
        field.kind = Field::Kind::Integer;
        field.text = integerTextAt(row);
    } else if (m_column.values == ArrowValues::Number) {
        field.kind = Field::Kind::Number;
    } else if (m_column.values != ArrowValues::Other) {
        field.kind = Field::Kind::Text;
        field.text = textAt(row);
    }
    return field;
}

}  // namespace rankscope::text
