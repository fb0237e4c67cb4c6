// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/standard_streams.h"

namespace rankscope::cli {

std::string jsonLine(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

bool Output::write(std::string_view text) {
    const std::lock_guard lock(m_mutex);
    const bool whole = writeDescriptor(STDOUT_FILENO, text);
    if (!whole) m_closed = true;
    return whole;
}

void Output::result(const Json& document, const std::function<std::string()>& text) {
    std::string out;
    switch (m_format) {
        case Format::Text:
            out = text();
            break;
        case Format::Json:
            out = jsonLine(document);
            break;
        case Format::Events:
            out = jsonLine({{"event", "done"}, {"result", document}});
            break;
    }
    if (!write(out))
        throw Error(fmt::format("Standard output cannot be written to: {}.", errnoText(errno)));
}

void Output::event(const Json& line) {
    if (m_format == Format::Events && !closed()) write(jsonLine(line));
}

void Output::failure(std::string_view sentence, std::string_view subject, int exitCode) {
    event(
        {{"event", "error"}, {"message", sentence}, {"subject", subject}, {"exit_code", exitCode}});
    if (m_format != Format::Events || closed())
        writeStandardError(fmt::format("rankscope-cli: {}\n", sentence));
}

}  // namespace rankscope::cli
