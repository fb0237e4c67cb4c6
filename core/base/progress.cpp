// SPDX-License-Identifier: Apache-2.0
#include "core/base/progress.h"

#include <algorithm>

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

void LabelledPart::report(double fraction, std::string_view) const {
    PartProgress::report(std::clamp(fraction, 0.0, 1.0), m_label);
}

void OnceWarned::warn(std::string_view sentence) const {
    const std::lock_guard lock(m_mutex);
    if (std::ranges::find(m_warnings, sentence) != m_warnings.end()) return;
    m_warnings.emplace_back(sentence);
    m_outer.warn(sentence);
}

void throwIfStopped(const Progress& progress) {
    if (progress.stopRequested())
        throw Error("Interrupted; nothing was left half-written.", {}, ErrorKind::Interrupted);
}

}  // namespace rankscope
