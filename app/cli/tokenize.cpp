// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "app/cli/text_table.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/text/tokenizer/tokenizer.h"

namespace rankscope::cli {

namespace {

constexpr std::size_t largestLinesFile = std::size_t{1} << 30U;

struct TokenizeOptions {
    std::string checkpoint, text, lines;
};

/// The folder a checkpoint's files are in; a weights file stands for its folder.
std::filesystem::path folderOf(const std::string& checkpoint) {
    const std::filesystem::path path = checkpoint::locateCheckpoint(checkpoint);
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored) ? path : path.parent_path();
}

Json toJson(const text::Tokenizer& tokenizer, const text::Encoding& encoding) {
    Json pieces = Json::array();
    for (const std::int32_t id : encoding.ids) pieces.push_back(std::string(tokenizer.piece(id)));
    return {{"ids", encoding.ids}, {"pieces", std::move(pieces)}};
}

std::string table(const text::Tokenizer& tokenizer, const text::Encoding& encoding) {
    TextTable rows({"id", "piece"});
    for (const std::int32_t id : encoding.ids)
        rows.addRow({fmt::format("{}", id), printable(tokenizer.piece(id))});
    return rows.text() + fmt::format("{} tokens\n", encoding.ids.size());
}

void runLines(const text::Tokenizer& tokenizer, const std::string& file, Context& context) {
    const std::string all = readTextFile(file, largestLinesFile);
    Json lines = Json::array();
    std::string shown;
    const std::string_view view = all;
    for (std::size_t begin = 0; begin < view.size();) {
        const std::size_t end = std::min(view.find('\n', begin), view.size());
        const text::Encoding encoding = tokenizer.encode(view.substr(begin, end - begin));
        lines.push_back(
            {{"ids", encoding.ids},
             {"text", tokenizer.decode(encoding.ids, {.skipSpecial = true, .cleanUp = false})}});
        shown += fmt::format("{}\n", fmt::join(encoding.ids, " "));
        begin = end + 1;
    }
    context.output.result({{"lines", std::move(lines)}}, [&] { return shown; });
}

void run(const TokenizeOptions& options, Context& context) {
    const auto tokenizer = text::Tokenizer::open(folderOf(options.checkpoint));
    if (!options.lines.empty()) return runLines(tokenizer, options.lines, context);
    const text::Encoding encoding = tokenizer.encode(options.text);
    context.output.result(toJson(tokenizer, encoding), [&] { return table(tokenizer, encoding); });
}

}  // namespace

Run declareTokenize(CLI::App& app) {
    auto options = std::make_shared<TokenizeOptions>();
    addCheckpoint(app, options->checkpoint);
    CLI::Option* text = app.add_option("--text", options->text, "The text");
    CLI::Option* lines =
        app.add_option("--lines", options->lines, "A file of texts, one a line, instead of --text");
    text->type_name("TEXT")->excludes(lines);
    lines->type_name("FILE");
    return [options, text, lines](Context& context) {
        if (text->empty() && lines->empty())
            throw usageError("Nothing to tokenise: give --text or --lines.");
        run(*options, context);
    };
}

}  // namespace rankscope::cli
