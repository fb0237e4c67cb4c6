// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/dtype.h"

namespace rankscope::compress {

struct CompressOptions {
    std::filesystem::path target;  ///< the folder to make
    bool force = false;            ///< replace an existing target
    std::optional<DType> dtype;    ///< of the written weights; default: as in the source
    std::uint64_t seed = 0;        ///< recorded
    std::string command;           ///< recorded: the command that repeats this
    std::uint64_t shardBytes =
        5'000'000'000;  ///< largest weight file; beyond it several are written
};

}  // namespace rankscope::compress
