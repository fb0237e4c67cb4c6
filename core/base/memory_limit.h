// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope {

/// A limit of this process, and how much of it is used.
struct MemoryLimit {
    std::string_view name;    ///< "address space (ulimit -v)"
    std::uint64_t limit = 0;  ///< bytes
    std::uint64_t used = 0;   ///< bytes
};

/// The limits that are set: of address space, of data. None on most machines.
std::vector<MemoryLimit> memoryLimits();

/// Memory that is about to be taken.
struct MemoryNeed {
    std::uint64_t addresses = 0;  ///< bytes of address space, including mapped files
    std::uint64_t data = 0;       ///< bytes of them that are written to
};

/// Throws Error if a limit leaves less than that: "`what` needs 1.3 GB of address space (ulimit
/// -v), …; `advice`".
void requireMemory(const MemoryNeed& need, std::string_view what, std::string_view advice);

/// "this program may take 1.0 GB of address space (ulimit -v) and has taken 0.9 GB"; empty if there
/// is no limit.
std::string limitsInWords();

}  // namespace rankscope
