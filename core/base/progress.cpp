// SPDX-License-Identifier: Apache-2.0
#include "core/base/progress.h"

#include "core/base/error.h"

namespace rankscope {

Progress::~Progress() = default;

void Progress::report(double, std::string_view) const {}

void Progress::warn(std::string_view) const {}

bool Progress::stopRequested() const { return false; }

void PartProgress::report(double fraction, std::string_view label) const {
    m_whole.report(m_from + (m_to - m_from) * fraction, label);
}
void PartProgress::warn(std::string_view sentence) const { m_whole.warn(sentence); }
bool PartProgress::stopRequested() const { return m_whole.stopRequested(); }

void throwIfStopped(const Progress& progress) {
    if (progress.stopRequested())
        throw Error("Interrupted; nothing was left half-written.", {}, ErrorKind::Interrupted);
}

}  // namespace rankscope
