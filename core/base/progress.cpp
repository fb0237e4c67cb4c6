// SPDX-License-Identifier: Apache-2.0
#include "core/base/progress.h"

#include "core/base/error.h"

namespace rankscope {

Progress::~Progress() = default;

void Progress::report(double, std::string_view) const {}

void Progress::warn(std::string_view) const {}

bool Progress::stopRequested() const { return false; }

void throwIfStopped(const Progress& progress) {
    if (progress.stopRequested())
        throw Error("Interrupted; nothing was left half-written.", {}, ErrorKind::Interrupted);
}

}  // namespace rankscope
