// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pages/write_pages.h"

#include <fmt/format.h>

#include <system_error>

#include "app/cli/pages/command_description.h"
#include "app/cli/pages/completions.h"
#include "app/cli/pages/man_pages.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"

namespace rankscope::cli {

namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, std::string_view text) {
    std::error_code failure;
    fs::create_directories(file.parent_path(), failure);
    if (failure)
        throw Error(fmt::format("The folder {} cannot be made: {}.",
                                printable(file.parent_path().string(), 1000), failure.message()),
                    file.string());
    writeFileAtomically(file, text);
}

void writeCompletions(const fs::path& share, const std::string& program,
                      std::span<const CommandDescription> commands) {
    write(share / "bash-completion/completions" / program, bashCompletion(program, commands));
    write(share / "zsh/site-functions" / ("_" + program), zshCompletion(program, commands));
    write(share / "fish/vendor_completions.d" / (program + ".fish"),
          fishCompletion(program, commands));
}

}  // namespace

void writePages(CLI::App& program, const fs::path& share) {
    const std::vector<CommandDescription> commands = describe(program);
    const std::vector<CommandDescription> window = {describeWindow()};
    for (const ManPage& page : commandLinePages(commands))
        write(share / "man/man1" / (page.name + ".1"), page.text);
    const ManPage page = windowPage(window.front());
    write(share / "man/man1" / (page.name + ".1"), page.text);
    writeCompletions(share, "rankscope-cli", commands);
    writeCompletions(share, "rankscope", window);
}

}  // namespace rankscope::cli
