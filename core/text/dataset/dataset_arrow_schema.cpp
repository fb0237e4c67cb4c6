// SPDX-License-Identifier: Apache-2.0
#include "core/text/dataset/dataset_arrow_schema.h"

#include <fmt/format.h>

#include <array>

#include "core/base/error.h"
#include "core/text/dataset/dataset_rows.h"

namespace rankscope::text {

namespace {

// Numbers of the union Type in Schema.fbs.
enum ArrowType : std::uint8_t {
    typeNull = 1,
    typeInt = 2,
    typeFloat = 3,
    typeUtf8 = 5,
    typeDecimal = 7,
    typeUnion = 14,
    typeLargeUtf8 = 20,
    typeBinaryView = 23,
    typeUtf8View = 24,
    typeLargeListView = 26,
};
/// Buffers of each type in a batch (Columnar.rst, "Buffer Listing for Each Layout"), from type 0.
constexpr std::array<int, 27> bufferCounts{0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1,
                                           1, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3};
constexpr int depthCap = 64;
constexpr int firstVersionWithoutUnionValidity = 4;

[[noreturn]] void fail(std::string_view file, std::string_view reason) {
    throw Error(fmt::format("{} cannot be read: {}.", file, reason), std::string(file));
}

ArrowValues valuesOf(std::uint8_t type) {
    switch (type) {
        case typeNull:
            return ArrowValues::Null;
        case typeInt:
            return ArrowValues::Integer;
        case typeFloat:
        case typeDecimal:
            return ArrowValues::Number;
        case typeUtf8:
            return ArrowValues::Text;
        case typeLargeUtf8:
            return ArrowValues::LargeText;
        default:
            return ArrowValues::Other;
    }
}

void setInteger(ArrowColumn& column, const FlatTable& type, std::string_view file) {
    column.integerBits = type.number<std::int32_t>(0, 0);
    column.integerSigned = type.number<std::uint8_t>(1, 0) != 0;
    for (const int bits : {8, 16, 32, 64})
        if (column.integerBits == bits) return;
    fail(file, fmt::format("a column holds integers of {} bits", column.integerBits));
}

/// Goes through the columns and their children in the order of their buffers.
class SchemaWalk {
 public:
    SchemaWalk(int version, std::string_view file) : m_version(version), m_file(file) {}

    ArrowSchema walk(const FlatTable& schema) {
        push(schema.vector(1, 4), 0);
        while (!m_open.empty()) {
            const Pending pending = m_open.back();
            m_open.pop_back();
            visit(pending);
        }
        return std::move(m_schema);
    }

 private:
    struct Pending {
        FlatTable field;
        int depth;
    };

    void push(const FlatVector& fields, int depth) {
        if (fields.size > 0 && depth >= depthCap)
            fail(m_file, fmt::format("its columns are nested more than {} deep", depthCap));
        m_seen += fields.size;
        if (m_seen > limits::columns)
            fail(m_file, fmt::format("it has more than {} columns", limits::columns));
        for (std::uint32_t i = fields.size; i > 0; --i)
            m_open.push_back({FlatTable::element(fields, i - 1), depth});
    }

    void visit(const Pending& pending) {
        const auto type = pending.field.number<std::uint8_t>(2, 0);
        if (type == 0 || type > typeLargeListView)
            fail(m_file, fmt::format("a column has the unknown type {}", type));
        const std::optional<FlatTable> typeTable = pending.field.table(3);
        const std::optional<FlatTable> dictionary = pending.field.table(4);
        if (pending.depth == 0) addColumn(pending.field, type, typeTable, dictionary);
        ++m_schema.nodes;
        if (dictionary) {
            m_buffers += 2;
            return;
        }
        m_buffers += static_cast<std::size_t>(bufferCounts.at(type));
        if (type == typeUnion) {
            const bool dense = typeTable && typeTable->number<std::int16_t>(0, 0) == 1;
            if (dense) ++m_buffers;
            if (m_version < firstVersionWithoutUnionValidity) ++m_buffers;
        }
        if (type == typeBinaryView || type == typeUtf8View) ++m_views;
        push(pending.field.vector(5, 4), pending.depth + 1);
    }

    void addColumn(const FlatTable& field, std::uint8_t type,
                   const std::optional<FlatTable>& typeTable,
                   const std::optional<FlatTable>& dictionary) {
        ArrowColumn column;
        column.name = field.text(0);
        column.values = valuesOf(type);
        column.node = m_schema.nodes;
        column.buffer = m_buffers;
        column.viewsBefore = m_views;
        if (dictionary) {
            column.isDictionary = true;
            column.dictionary = dictionary->number<std::int64_t>(0, 0);
            column.integerBits = 32;
            if (const auto index = dictionary->table(1)) setInteger(column, *index, m_file);
        } else if (type == typeInt) {
            if (!typeTable) fail(m_file, "a column of integers has no width");
            setInteger(column, *typeTable, m_file);
        }
        m_schema.columns.push_back(std::move(column));
    }

    int m_version;
    std::string_view m_file;
    ArrowSchema m_schema;
    std::vector<Pending> m_open;
    std::size_t m_buffers = 0;
    std::size_t m_views = 0;
    std::size_t m_seen = 0;
};

}  // namespace

ArrowSchema readArrowSchema(const FlatTable& schema, int version, std::string_view file) {
    if (schema.number<std::int16_t>(0, 0) != 0)
        fail(file, "it was written on a big-endian machine; write it again on another");
    return SchemaWalk(version, file).walk(schema);
}

}  // namespace rankscope::text
