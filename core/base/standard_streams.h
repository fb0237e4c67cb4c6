// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace rankscope {

/// Opens /dev/null on those of the descriptors 0, 1 and 2 that are closed, so that no other file
/// gets their number and receives the program's output. Call it first in main(). Writing to a
/// descriptor held so fails, as it does on a closed one.
void holdStandardDescriptors() noexcept;

/// Writes all of `text`. False if that is not possible; errno then says why.
bool writeDescriptor(int descriptor, std::string_view text) noexcept;

/// Progress, warnings and error messages. If standard error cannot be written to (a full disk, a
/// closed terminal, nobody reads the pipe), the text is lost and the work goes on.
void writeStandardError(std::string_view text) noexcept;

}  // namespace rankscope
