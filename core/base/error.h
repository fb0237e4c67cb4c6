// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace rankscope {

/// Why an operation ended; decides the exit code of the command line.
enum class ErrorKind {
    Failed,       ///< the operation could not be done (exit 1)
    Usage,        ///< the request itself is wrong, e.g. a rank outside the permitted range (exit 2)
    Interrupted,  ///< the user asked to stop (exit 130)
    OutOfMemory,  ///< the device ran out of memory; a smaller batch may fit (exit 1)
};

/// The program's only exception: what() is a whole sentence for the user that names the file, the
/// place and what to do; subject() is the file or tensor it is about, for machines.
/// The command line's main shows it and ends; the window shows it; code that can go on after the
/// failure turns it into a warning.
class Error : public std::runtime_error {
 public:
    explicit Error(const std::string& sentence, std::string subject = {},
                   ErrorKind kind = ErrorKind::Failed);
    ~Error() override;

    const std::string& subject() const { return m_subject; }
    ErrorKind kind() const { return m_kind; }

 private:
    std::string m_subject;
    ErrorKind m_kind;
};

/// An Error of kind Usage.
Error usageError(const std::string& sentence, std::string subject = {});

/// The reason that an errno means, e.g. "Permission denied".
std::string errnoText(int code);

/// Text from a file made safe to show: control characters and bidirectional marks are written as
/// \uXXXX, invalid UTF-8 as \xNN, and anything over `limit` bytes is cut with an ellipsis.
std::string printable(std::string_view text, std::size_t limit = 200);

/// "a, b, c and 4 more": up to ten names, shown safely.
std::string listNames(const std::vector<std::string>& names);

}  // namespace rankscope
