// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"

namespace rankscope::cli {

enum class Format {
    Text,    ///< tables for people
    Json,    ///< one JSON document
    Events,  ///< one JSON object a line: progress, warning, spectrum, done, error
};

/// Standard output. Locks: events come from worker threads.
class Output {
 public:
    explicit Output(Format format) : m_format(format) {}

    Format format() const { return m_format; }
    /// Prints the command's result: `document` for machines, `text()` for people.
    /// Throws Error if standard output cannot be written to.
    void result(const Json& document, const std::function<std::string()>& text);
    /// One line of the event stream; nothing in the other formats. Never throws: closed() tells.
    void event(const Json& line);
    /// The sentence of a failure, as an event or, if there are none or nobody reads them, to
    /// standard error.
    void failure(std::string_view sentence, std::string_view subject, int exitCode);
    /// True once nobody reads standard output any more; the command then stops.
    bool closed() const { return m_closed.load(); }

 private:
    bool write(std::string_view text);

    Format m_format;
    std::mutex m_mutex;
    std::atomic<bool> m_closed = false;
};

/// One line of JSON; bytes that are no UTF-8 (in file names) are replaced.
std::string jsonLine(const Json& document);

}  // namespace rankscope::cli
