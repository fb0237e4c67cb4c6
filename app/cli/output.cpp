// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace rankscope::cli {

std::string jsonLine(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

bool Output::write(std::string_view text) {
    const std::lock_guard lock(m_mutex);
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            m_closed = true;
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
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
    if (m_format != Format::Events) fmt::print(stderr, "rankscope-cli: {}\n", sentence);
}

}  // namespace rankscope::cli
