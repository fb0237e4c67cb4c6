// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/text/dataset/dataset.h"

namespace rankscope::text {

/// One field of a row, whatever file it came from.
struct Field {
    enum class Kind { Text, Integer, Number, Null, Other };
    std::string name;
    Kind kind = Kind::Other;
    std::string text;  ///< of Text; of Integer its decimal digits
};

struct Row {
    std::int64_t line = 0;  ///< as BadRow's
    std::vector<Field> fields;
};

/// Caps on the data kept in memory, whatever the file says.
namespace limits {
inline constexpr std::uint64_t rowBytes = std::uint64_t{64} << 20U;  ///< one row as in the file
inline constexpr std::uint64_t textBytes = std::uint64_t{4} << 30U;  ///< all texts kept
inline constexpr std::size_t badRows = 100'000;                      ///< then reading ends
inline constexpr std::size_t columns = 10'000;                       ///< of a table
}  // namespace limits

/// Turns rows into examples: chooses the fields, checks the texts, counts duplicates, keeps
/// reasons.
class ExampleCollector {
 public:
    /// Fills `dataset`; both must outlive it. Throws Error on a negative limit.
    ExampleCollector(Dataset& dataset, const DatasetOptions& options);

    const DatasetOptions& options() const { return m_options; }
    /// Name of the file in messages, safe to show.
    const std::string& name() const { return m_name; }
    /// True once there are `limit` examples: readers stop.
    bool full() const;
    /// Rows from here on come from this part of a folder; bad rows name it. Empty: no part.
    void beginPart(std::string_view part);
    /// Announces a table's columns before its rows. Throws Error if a needed field is missing.
    void setColumns(const std::vector<std::string>& names);
    void add(Row&& row);
    /// Counts a row that could not be read. Throws Error if there are too many.
    void addBad(std::int64_t line, std::string reason);
    void warn(std::string sentence);
    /// Throws Error if a field the user named never occurred, or no row was usable.
    void finish();

 private:
    struct Choice {
        std::string source;
        std::vector<std::string> targets;
    };
    std::optional<Choice> choose(const std::vector<std::string_view>& names) const;
    std::vector<std::string> targetsFor(std::string_view source,
                                        const std::vector<std::string_view>& names) const;
    std::string missingFieldReason(const std::vector<std::string_view>& names) const;
    void noteNames(const std::vector<std::string_view>& names);
    void checkNamedFields() const;
    std::optional<std::string> readReferences(const Row& row, const Choice& choice,
                                              Example& example) const;
    std::optional<std::string> readId(const Row& row, Example& example) const;
    void keep(Example&& example);

    Dataset& m_dataset;
    const DatasetOptions& m_options;
    std::string m_name;
    std::string m_part;
    std::optional<Choice> m_choice;
    std::vector<std::string> m_seenNames;
    std::unordered_set<std::string> m_seenNameSet;
    std::unordered_set<std::string> m_ids;
    std::int64_t m_rows = 0;
    std::uint64_t m_textBytes = 0;
};

}  // namespace rankscope::text
