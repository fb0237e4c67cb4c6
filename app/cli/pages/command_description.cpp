// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pages/command_description.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "core/report/heat_map.h"
#include "core/report/window_options.h"

namespace rankscope::cli {

namespace {

ValueKind kindOf(std::string_view value, const OfferedWords& offered) {
    if (value.empty()) return ValueKind::None;
    if (!offered.words.empty()) return ValueKind::Words;
    if (value.starts_with("CHECKPOINT")) return ValueKind::Checkpoint;
    if (value.starts_with("FILE") || value.find('.') != std::string_view::npos)
        return ValueKind::File;
    return value == "DIR" ? ValueKind::Folder : ValueKind::Text;
}

OptionDescription describe(CLI::Option& option) {
    OptionDescription result;
    const bool argument = option.get_positional();
    result.value = argument || option.get_items_expected_max() > 0 ? option.get_type_name() : "";
    result.name = argument ? result.value : option.get_name(false, true);
    result.help = option.get_description();
    if (!option.get_default_str().empty())
        result.help += fmt::format(" (default: {})", option.get_default_str());
    result.group = option.get_group();
    result.offered = offeredWords(option);
    result.kind = kindOf(result.value, result.offered);
    result.required = option.get_required();
    result.many = argument && option.get_items_expected_max() > 1;
    return result;
}

CommandDescription describeOne(CLI::App& app, std::string name) {
    CommandDescription result{std::move(name), app.get_description(), {}, {}};
    for (CLI::Option* option : app.get_options()) {
        OptionDescription one = describe(*option);
        // CLI11's sets are in the order of addresses, which differs from run to run.
        for (CLI::Option* other : app.get_options()) {
            if (option->get_excludes().contains(other)) one.excludes.push_back(other->get_name());
            if (option->get_needs().contains(other)) one.needs.push_back(other->get_name());
        }
        (option->get_positional() ? result.arguments : result.options).push_back(std::move(one));
    }
    return result;
}

}  // namespace

std::vector<CommandDescription> describe(CLI::App& program) {
    std::vector<CommandDescription> result = {describeOne(program, "")};
    for (CLI::App* command : program.get_subcommands({}))
        result.push_back(describeOne(*command, command->get_name()));
    return result;
}

CommandDescription describeWindow() {
    CommandDescription result{"", std::string(report::windowHelp), {}, {}};
    OptionDescription checkpoint;
    checkpoint.name = checkpoint.value = "CHECKPOINT";
    checkpoint.help = report::windowArgumentHelp;
    checkpoint.kind = ValueKind::Checkpoint;
    result.arguments.push_back(checkpoint);
    for (const report::WindowOption& option : report::windowOptions()) {
        OptionDescription one;
        if (!option.letter.empty()) one.name = fmt::format("-{},", option.letter);
        one.name += fmt::format("--{}", option.name);
        one.value = option.value;
        one.help = option.help;
        if (option.value == report::metricValue)
            for (const report::HeatMetric& metric : report::heatMetrics())
                one.offered.words.emplace_back(metric.name);
        one.kind = kindOf(one.value, one.offered);
        result.options.push_back(one);
    }
    return result;
}

}  // namespace rankscope::cli
