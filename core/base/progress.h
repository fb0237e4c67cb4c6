// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankscope {

/// How a long function talks to its caller: it reports how far it is and asks whether to stop.
/// Called from any worker thread; implementations lock. The default object is silent and never
/// stops.
class Progress {
 public:
    virtual ~Progress();

    /// `fraction` of the work done, 0 to 1, and a label of the current step.
    virtual void report(double fraction, std::string_view label) const;

    /// Something the user should read that does not end the work.
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

/// A part whose own labels are replaced by one; fractions outside 0 to 1 count as their nearest
/// end.
class LabelledPart : public PartProgress {
 public:
    LabelledPart(const Progress& whole, double from, double to, std::string label)
        : PartProgress(whole, from, to), m_label(std::move(label)) {}
    void report(double fraction, std::string_view) const override;

 private:
    std::string m_label;
};

/// Passes stops and warnings on, but no reports: for a part that has its label already.
class SilentProgress : public Progress {
 public:
    explicit SilentProgress(const Progress& outer) : m_outer(outer) {}
    void warn(std::string_view sentence) const override { m_outer.warn(sentence); }
    bool stopRequested() const override { return m_outer.stopRequested(); }

 private:
    const Progress& m_outer;
};

/// Passes everything on, but each warning only the first time; keeps them.
class OnceWarned : public Progress {
 public:
    explicit OnceWarned(const Progress& outer) : m_outer(outer) {}
    void report(double fraction, std::string_view label) const override {
        m_outer.report(fraction, label);
    }
    void warn(std::string_view sentence) const override;
    bool stopRequested() const override { return m_outer.stopRequested(); }
    /// The warnings so far, in order; not while other threads may warn.
    const std::vector<std::string>& warnings() const { return m_warnings; }

 private:
    const Progress& m_outer;
    mutable std::mutex m_mutex;
    mutable std::vector<std::string> m_warnings;
};

/// Throws Error of kind Interrupted if a stop was requested.
void throwIfStopped(const Progress& progress);

}  // namespace rankscope
