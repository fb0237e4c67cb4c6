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
#include "app/cli/out_of_memory.h"
#include "app/cli/pages/write_pages.h"
#include "app/cli/signals.h"
#include "app/cli/unknown_words.h"
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
        // A reader that went away also stops the work, but it is not a signal.
        if (error.kind() == ErrorKind::Interrupted && !stopSignalled())
            return fail("Nobody reads standard output any more; stopped.", {}, exitFailed);
        return fail(error.what(), error.subject(), exitCodeOf(error));
    } catch (const std::bad_alloc&) {
        return fail(outOfMemorySentence(), {}, exitFailed);
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

int usageProblem(const CLI::App& app, const CLI::ParseError& problem,
                 std::span<const char* const> words, bool events) {
    Output output(events ? Format::Events : Format::Text);
    const auto chosen = app.get_subcommands();
    const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
    std::string sentence = unknownWord(app, words.subspan(std::min<std::size_t>(words.size(), 1)))
                               .value_or(printable(problem.what(), 1000));
    if (!sentence.ends_with('?')) sentence += '.';
    output.failure(fmt::format("{} See: rankscope-cli {}--help", sentence, command), {}, exitUsage);
    return exitUsage;
}

int writtenPages(CLI::App& app, const char* folder) {
    try {
        writePages(app, folder);
        return 0;
    } catch (const Error& error) {
        Output(Format::Text).failure(error.what(), error.subject(), exitFailed);
        return exitFailed;
    }
}

}  // namespace

int main(int argc, char** argv) {
    holdStandardDescriptors();
    installSignalHandlers();
    Output early(Format::Text);  // until the format is known
    installLastWords(early);
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
    if (words.size() == 3 && words[1] == std::string_view(writePagesOption))
        return writtenPages(app, words[2]);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& request) {  // --help, --version
        return showRequested(app, request);
    } catch (const CLI::ParseError& problem) {
        const bool events = std::any_of(words.begin(), words.end(),
                                        [](std::string_view word) { return word == "--events"; });
        return usageProblem(app, problem, words, events);
    }
    Output output(options.format());
    installLastWords(output);
    const ConsoleProgress progress(output, options.quiet);
    Context context{options, output, progress, shellQuoted(words)};
    return execute(run, context);
}
