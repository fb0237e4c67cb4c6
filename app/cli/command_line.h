// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/console_progress.h"
#include "app/cli/output.h"
#include "core/backend/backend.h"
#include "core/base/option.h"

namespace rankscope::cli {

/// The options that every command takes.
struct CommonOptions {
    bool json = false;
    bool events = false;
    bool quiet = false;
    std::string device = "auto";
    int threads = 0;  ///< 0: all cores
    std::uint64_t seed = 0;

    Format format() const { return events ? Format::Events : json ? Format::Json : Format::Text; }
};

/// Everything that a running command works with.
struct Context {
    const CommonOptions& options;
    Output& output;
    const ConsoleProgress& progress;
    std::string command;  ///< the whole command line, quoted for a shell
};

/// Loads LibTorch, and chooses what --device and --threads say. Throws Error.
backend::Compute loadCompute(const Context& context);

/// Does the work; throws Error.
using Run = std::function<void(Context&)>;

/// One subcommand: declares its options and returns what to do once they are parsed.
struct Command {
    const char* name;
    const char* help;
    Run (*declare)(CLI::App& app);
};

std::span<const Command> commandTable();

/// Adds --json, --events, --quiet, --device, --threads and --seed.
void addCommonOptions(CLI::App& app, CommonOptions& options);

/// Adds `--<option.name>`, checked against the option's range or choices. The value keeps what it
/// has if the option is not given.
CLI::Option* addOption(CLI::App& app, const Option& option, std::string& value);
CLI::Option* addOption(CLI::App& app, const Option& option, std::int64_t& value);
CLI::Option* addOption(CLI::App& app, const Option& option, int& value);
CLI::Option* addOption(CLI::App& app, const Option& option, std::uint64_t& value);
CLI::Option* addOption(CLI::App& app, const Option& option, std::optional<double>& value);

/// The words that completion offers for an option's value.
struct OfferedWords {
    std::vector<std::string> words;
    bool list = false;  ///< several may be given, between commas
};

/// Notes what an option of no fixed choice takes; addOption() notes the choices of the others.
void offerWords(CLI::Option& option, std::span<const std::string_view> words, bool list);
/// The words of an option; none for a number, a file or free text.
OfferedWords offeredWords(CLI::Option& option);

/// The row of that name; it must exist.
const Option& findOption(std::span<const Option> table, std::string_view name);

/// Words as a shell would need them typed.
std::string shellQuoted(std::span<const char* const> words);

Run declareInspect(CLI::App& app);
Run declareSpectrum(CLI::App& app);
Run declareCurve(CLI::App& app);
Run declareCompare(CLI::App& app);
Run declarePlan(CLI::App& app);
Run declareCalibrate(CLI::App& app);
Run declareCompress(CLI::App& app);
Run declarePareto(CLI::App& app);
Run declareRandomVectors(CLI::App& app);
Run declareGenerate(CLI::App& app);
Run declareEvaluate(CLI::App& app);
Run declareTokenize(CLI::App& app);
Run declareReport(CLI::App& app);
Run declareRouge(CLI::App& app);
Run declareDoctor(CLI::App& app);

}  // namespace rankscope::cli
