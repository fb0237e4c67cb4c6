// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace rankscope {

/// How a long function speaks to its caller: it reports how far it is and asks whether to stop.
/// Called from any worker thread; implementations lock. The default object is silent and never
/// stops.
class Progress {
 public:
    virtual ~Progress();

    /// `fraction` of the work done, 0 to 1, and what is being done now.
    virtual void report(double fraction, std::string_view label) const;

    /// Something the user should read but which does not end the work.
    virtual void warn(std::string_view sentence) const;

    /// True once the user wants the work to end. Asked at least once per matrix.
    virtual bool stopRequested() const;
};

/// A part of a longer progress: its 0 to 1 is `from` to `to` of the whole.
class PartProgress : public Progress {
 public:
    PartProgress(const Progress& whole, double from, double to)
        : m_whole(whole), m_from(from), m_to(to) {}
    void report(double fraction, std::string_view label) const override;
    void warn(std::string_view sentence) const override;
    bool stopRequested() const override;

 private:
    const Progress& m_whole;
    double m_from, m_to;
};

/// Throws Error of kind Interrupted if a stop was requested.
void throwIfStopped(const Progress& progress);

}  // namespace rankscope
