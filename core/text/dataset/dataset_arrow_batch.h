// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/dataset/dataset_arrow_schema.h"
#include "core/text/dataset/dataset_rows.h"

namespace rankscope::text {

/// Entries of the dictionaries of a stream by their numbers; nullopt: a null entry, or one of a
/// type that is not read.
using ArrowDictionaries = std::map<std::int64_t, std::vector<std::optional<std::string>>>;

/// A RecordBatch message with its body, checked as far as it is read. Throws Error.
class ArrowBatch {
 public:
    /// All arguments must outlive the batch.
    ArrowBatch(const FlatTable& header, std::string_view body, std::string_view file);

    std::int64_t rows() const { return m_rows; }

    /// A column's values, ready to be taken row by row.
    class Column {
     public:
        Column(const ArrowBatch& batch, const ArrowColumn& column,
               const ArrowDictionaries& dictionaries);
        Field at(std::int64_t row) const;

     private:
        std::string_view textAt(std::int64_t row) const;
        std::int64_t integerAt(std::int64_t row) const;
        std::string integerTextAt(std::int64_t row) const;
        bool isNull(std::int64_t row) const;

        const ArrowBatch& m_batch;
        const ArrowColumn& m_column;
        const std::vector<std::optional<std::string>>* m_dictionary = nullptr;
        std::string_view m_validity;
        std::string_view m_values;   ///< offsets, integers or indices
        std::string_view m_letters;  ///< the bytes that the offsets point into
    };

 private:
    [[noreturn]] void fail(std::string_view reason) const;
    /// Bytes of the batch's buffer, at least `needed`.
    std::string_view bufferOf(std::size_t index, std::uint64_t needed) const;

    std::string_view m_body;
    std::string_view m_file;
    std::int64_t m_rows = 0;
    FlatVector m_nodes;
    FlatVector m_buffers;
    FlatVector m_viewBuffers;
};

}  // namespace rankscope::text
