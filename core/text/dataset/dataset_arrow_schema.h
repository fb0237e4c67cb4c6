// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/dataset/dataset_flatbuffer.h"

namespace rankscope::text {

/// The kinds of values read from an Arrow column.
enum class ArrowValues { Text, LargeText, Integer, Null, Number, Other };

/// An outermost column of an Arrow table and the places of its parts in a record batch.
struct ArrowColumn {
    std::string name;
    ArrowValues values = ArrowValues::Other;  ///< of a dictionary: its entries'
    int integerBits = 0;                      ///< of Integer, or of a dictionary's indices
    bool integerSigned = true;
    bool isDictionary = false;
    std::int64_t dictionary = 0;
    std::size_t node = 0;         ///< position in the batch's list of nodes
    std::size_t buffer = 0;       ///< position in its list of buffers, views' own not counted
    std::size_t viewsBefore = 0;  ///< columns of views before, each with more buffers
};

struct ArrowSchema {
    std::vector<ArrowColumn> columns;
    std::size_t nodes = 0;  ///< of all columns and their children
};

/// Flattens a Schema message (Schema.fbs of the Arrow format). `version` is the message's.
/// Throws Error: big endian, damaged, unknown type, more than 10,000 columns with their children,
/// nested deeper than 64.
ArrowSchema readArrowSchema(const FlatTable& schema, int version, std::string_view file);

}  // namespace rankscope::text
