// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pages/completions.h"

#include <fmt/format.h>

#include <algorithm>

namespace rankscope::cli {

std::string identifierOf(std::string_view program) {
    std::string name(program);
    std::ranges::replace(name, '-', '_');
    return name;
}

std::vector<std::string> spellings(const OptionDescription& option) {
    std::vector<std::string> result;
    for (std::size_t begin = 0; begin < option.name.size();) {
        const std::size_t end = std::min(option.name.find(',', begin), option.name.size());
        result.push_back(option.name.substr(begin, end - begin));
        begin = end + 1;
    }
    return result;
}

std::string replaced(std::string_view text, std::string_view mark, std::string_view by) {
    std::string out;
    for (std::size_t end = 0; (end = text.find(mark)) != std::string_view::npos;) {
        (out += text.substr(0, end)) += by;
        text.remove_prefix(end + mark.size());
    }
    return out += text;
}

std::string completionHead(std::string_view shell, std::string_view program) {
    return fmt::format(
        "# {} completion of {}, written by rankscope-cli from its option tables.\n"
        "# SPDX-License-"
        "Identifier: Apache-2.0\n",
        shell, program);
}

}  // namespace rankscope::cli
