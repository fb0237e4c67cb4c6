// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope {

/// A limit that this process was given, and how much of it is taken.
struct MemoryLimit {
    std::string_view name;    ///< "address space (ulimit -v)"
    std::uint64_t limit = 0;  ///< bytes
    std::uint64_t used = 0;   ///< bytes
};

/// Those there are: of address space, of data. None on most machines.
std::vector<MemoryLimit> memoryLimits();

/// What is to be taken.
struct MemoryNeed {
    std::uint64_t addresses = 0;  ///< bytes of address space, files that are mapped included
    std::uint64_t data = 0;       ///< bytes of them that are written to
};

/// Throws Error where a limit leaves less than that: "`what` needs 1.3 GB of address space (ulimit
/// -v), …; `advice`".
void requireMemory(const MemoryNeed& need, std::string_view what, std::string_view advice);

/// "this program may take 1.0 GB of address space (ulimit -v) and has taken 0.9 GB"; empty where
/// there is no limit.
std::string limitsInWords();

}  // namespace rankscope
