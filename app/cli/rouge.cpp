// SPDX-License-Identifier: Apache-2.0
#include "core/text/rouge/rouge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/command_line.h"
#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/evaluate/bootstrap.h"
#include "core/text/sentences/sentences.h"

namespace rankscope::cli {

namespace {

constexpr std::size_t largestFile = std::size_t{1} << 30U;
constexpr std::size_t typeCount = text::rougeTypes.size();
constexpr double percent = 100;

const Option resamplesOption = {
    "resamples", "Resamples", "Bootstrap resamples of the intervals", "10000", 1, 1e7, "", {}};

struct RougeCommandOptions {
    std::string predictions, references;
    bool noStemmer = false;
    bool sentences = false;
    std::int64_t resamples = evaluate::BootstrapOptions().resamples;
};

/// One line of a file: one text, or for references a list of them.
using Texts = std::vector<std::string>;

struct Scored {
    std::vector<text::RougeScores> pairs;
    text::RougeScores mean{};  ///< exact means of precision, recall and F
    std::array<evaluate::Interval, typeCount> intervals{};  ///< 95 %, of the mean of F
    std::optional<std::string> splitter;
};

Error badLine(const std::string& path, std::size_t line, std::string_view what) {
    return Error(fmt::format("{}, line {}: {}.", printable(path, 4096), line, what), path);
}

Texts textsOfLine(std::string_view line, const std::string& path, std::size_t number,
                  bool severalAllowed) {
    if (line.find_first_not_of(" \t") == std::string_view::npos)
        throw badLine(path, number, R"(the line is empty. An empty text is written "")");
    const Json value = parseJson(line, fmt::format("{}, line {}", printable(path, 4096), number));
    if (value.is_string()) return {value.get<std::string>()};
    if (!severalAllowed)
        throw badLine(path, number, "a JSON string was expected, one prediction a line");
    const bool strings = value.is_array() && !value.empty() &&
                         std::all_of(value.begin(), value.end(),
                                     [](const Json& element) { return element.is_string(); });
    if (!strings)
        throw badLine(path, number,
                      "a JSON string was expected, or a list of strings as several references");
    return value.get<Texts>();
}

std::vector<Texts> readLines(const std::string& path, bool severalAllowed) {
    const std::string content = readTextFile(path, largestFile);
    std::string_view rest = content;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    std::vector<Texts> lines;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(textsOfLine(line, path, lines.size() + 1, severalAllowed));
    }
    if (lines.empty())
        throw Error(fmt::format("{} holds no line; one JSON string a line was expected.",
                                printable(path, 4096)),
                    path);
    return lines;
}

void putSentencesOnLines(std::vector<Texts>& lines, const text::SentenceSplitter& splitter) {
    for (Texts& texts : lines)
        for (std::string& one : texts) one = splitter.onLines(one);
}

void addStatistics(Scored& scored, const evaluate::BootstrapOptions& options) {
    const auto count = static_cast<double>(scored.pairs.size());
    for (std::size_t type = 0; type < typeCount; ++type) {
        std::vector<double> f;
        text::RougeScore& mean = scored.mean[type];
        for (const text::RougeScores& pair : scored.pairs) {
            mean.precision += pair[type].precision;
            mean.recall += pair[type].recall;
            mean.f += pair[type].f;
            f.push_back(pair[type].f);
        }
        for (double* const sum : {&mean.precision, &mean.recall, &mean.f}) *sum /= count;
        scored.intervals[type] = evaluate::bootstrapMean(f, options);
    }
}

Scored score(const RougeCommandOptions& options, const Context& context) {
    std::vector<Texts> predictions = readLines(options.predictions, false);
    std::vector<Texts> references = readLines(options.references, true);
    if (predictions.size() != references.size())
        throw Error(fmt::format("{} has {} lines and {} has {}; line by line one prediction and "
                                "its reference were expected.",
                                printable(options.predictions), predictions.size(),
                                printable(options.references), references.size()),
                    options.predictions);
    Scored scored;
    if (options.sentences) {
        const auto splitter = text::SentenceSplitter::find();
        scored.splitter = splitter.name();
        putSentencesOnLines(predictions, splitter);
        putSentencesOnLines(references, splitter);
    }
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        throwIfStopped(context.progress);
        scored.pairs.push_back(
            text::rouge(references[i], predictions[i].front(), {!options.noStemmer}));
    }
    addStatistics(scored, {.resamples = options.resamples, .seed = context.options.seed});
    return scored;
}

Json json(const text::RougeScores& scores) {
    Json object = Json::object();
    for (const text::RougeType type : text::rougeTypes) {
        const text::RougeScore& one = scores[static_cast<std::size_t>(type)];
        object[std::string(text::rougeName(type))] = {one.precision, one.recall, one.f};
    }
    return object;
}

Json json(const Scored& scored, const RougeCommandOptions& options) {
    Json pairs = Json::array();
    for (const text::RougeScores& pair : scored.pairs) pairs.push_back(json(pair));
    Json intervals = Json::object();
    for (const text::RougeType type : text::rougeTypes) {
        const evaluate::Interval& one = scored.intervals[static_cast<std::size_t>(type)];
        intervals[std::string(text::rougeName(type))] = {one.low, one.high};
    }
    return {{"pairs", std::move(pairs)},
            {"mean", json(scored.mean)},
            {"interval", std::move(intervals)},
            {"settings",
             {{"stemmer", !options.noStemmer},
              {"sentences", scored.splitter ? Json(*scored.splitter) : Json()},
              {"resamples", options.resamples}}}};
}

std::string text(const Scored& scored) {
    TextTable table({"metric", "precision", "recall", "F", "95 % of F"});
    const auto number = [](double value) { return fmt::format("{:.2f}", value * percent); };
    for (const text::RougeType type : text::rougeTypes) {
        const auto index = static_cast<std::size_t>(type);
        const text::RougeScore& mean = scored.mean[index];
        const evaluate::Interval& interval = scored.intervals[index];
        table.addRow({std::string(text::rougeTitle(type)), number(mean.precision),
                      number(mean.recall), number(mean.f),
                      fmt::format("{} to {}", number(interval.low), number(interval.high))});
    }
    return table.text() + fmt::format("means of {} pairs x 100; {}\n", scored.pairs.size(),
                                      scored.splitter
                                          ? fmt::format("sentences by {}", *scored.splitter)
                                          : "the sentences of ROUGE-Lsum are the lines");
}

void run(const RougeCommandOptions& options, Context& context) {
    const Scored scored = score(options, context);
    context.output.result(json(scored, options), [&] { return text(scored); });
}

}  // namespace

Run declareRouge(CLI::App& app) {
    auto options = std::make_shared<RougeCommandOptions>();
    app.add_option("--predictions", options->predictions, "One JSON string a line")
        ->type_name("FILE")
        ->required();
    app.add_option("--references", options->references,
                   "One JSON string a line, or a list of strings as several references")
        ->type_name("FILE")
        ->required();
    app.add_flag("--no-stemmer", options->noStemmer, "Compare words as they are, without Porter");
    app.add_flag("--sentences", options->sentences,
                 "Put each sentence on a line first, for ROUGE-Lsum");
    addOption(app, resamplesOption, options->resamples);
    return [options](Context& context) { run(*options, context); };
}

}  // namespace rankscope::cli
