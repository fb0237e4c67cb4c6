// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/readable_bytes.h"
#include "core/report/table.h"

namespace rankscope::cli {

/// A table for people: columns padded with spaces, the first one to the left, numbers to the right.
class TextTable {
 public:
    explicit TextTable(std::vector<std::string> header);
    /// The columns' titles and what the cells show.
    explicit TextTable(const report::TableData& table);
    void addRow(std::vector<std::string> cells);
    std::string text() const;

 private:
    std::vector<std::vector<std::string>> m_rows;
};

/// "247,577,856"
std::string grouped(std::int64_t number);

/// Parts in a hundred of a whole with a sign, e.g. "-34.3 %".
std::string signedPercent(std::int64_t before, std::int64_t after);

}  // namespace rankscope::cli
