// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <new>
#include <sstream>
#include <string_view>

#include "app/cli/command_line.h"
#include "app/cli/signals.h"
#include "core/base/error.h"
#include "core/base/standard_streams.h"

namespace {

using namespace rankscope;
using namespace rankscope::cli;

constexpr int exitFailed = 1, exitUsage = 2, exitInterrupted = 130;

int exitCodeOf(const Error& error) {
    switch (error.kind()) {
        case ErrorKind::Usage:
            return exitUsage;
        case ErrorKind::Interrupted:
            return exitInterrupted;
        case ErrorKind::Failed:
        case ErrorKind::OutOfMemory:
            break;
    }
    return exitFailed;
}

int execute(const Run& run, Context& context) {
    Output& output = context.output;
    const auto fail = [&](std::string_view sentence, std::string_view subject, int code) {
        context.progress.clear();
        output.failure(sentence, subject, code);
        return code;
    };
    try {
        run(context);
        return 0;
    } catch (const Error& error) {
        // A reader that went away also stops the work, but it is no signal.
        if (error.kind() == ErrorKind::Interrupted && !stopSignalled())
            return fail("Nobody reads standard output any more; stopped.", {}, exitFailed);
        return fail(error.what(), error.subject(), exitCodeOf(error));
    } catch (const std::bad_alloc&) {
        return fail("Out of memory. Choose fewer matrices with --targets or fewer --threads.", {},
                    exitFailed);
    } catch (const std::exception& problem) {
        return fail(fmt::format("Unexpected failure: {}", printable(problem.what(), 1000)), {},
                    exitFailed);
    }
}

/// Prints what --help or --version asked for.
int showRequested(const CLI::App& app, const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text, text);
    Output output(Format::Text);
    try {
        output.result({}, [&] { return text.str(); });
        return 0;
    } catch (const Error& error) {
        output.failure(error.what(), error.subject(), exitFailed);
        return exitFailed;
    }
}

int usageProblem(const CLI::App& app, const CLI::ParseError& problem, bool events) {
    Output output(events ? Format::Events : Format::Text);
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
    output.failure(
        fmt::format("{}. See: rankscope-cli {}--help", printable(problem.what(), 1000), command),
        {}, exitUsage);
    return exitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    holdStandardDescriptors();
    installSignalHandlers();
    const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    CLI::App app("Shows how compressible a Flan-T5 checkpoint is, and compresses it.",
                 "rankscope-cli");
    app.set_version_flag("--version", "rankscope-cli " RANKSCOPE_VERSION);
    app.require_subcommand(1);
    app.get_formatter()->column_width(32);
    CommonOptions options;
    Run run;
    for (const Command& command : commandTable()) {
        CLI::App* subcommand = app.add_subcommand(command.name, command.help);
        subcommand->get_formatter()->column_width(32);
        const Run declared = command.declare(*subcommand);
        addCommonOptions(*subcommand, options);
        subcommand->final_callback([&run, declared] { run = declared; });
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& request) {  // --help, --version
        return showRequested(app, request);
    } catch (const CLI::ParseError& problem) {
        const bool events = std::any_of(words.begin(), words.end(),
                                        [](std::string_view word) { return word == "--events"; });
        return usageProblem(app, problem, events);
    }
    Output output(options.format());
    const ConsoleProgress progress(output, options.quiet);
    Context context{options, output, progress, shellQuoted(words)};
    return execute(run, context);
}
