// SPDX-License-Identifier: Apache-2.0
#include "core/report/report_story.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/number_text.h"
#include "core/evaluate/random_vectors.h"
#include "core/report/random_vectors_table.h"
#include "core/report/report_evaluation.h"

namespace rankscope::report {

namespace {

std::string share(std::int64_t part, std::int64_t whole) {
    return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string countAndShare(std::int64_t part, std::int64_t whole) {
    return fmt::format("{} ({})", groupedNumber(part), share(part, whole));
}

void addModel(Document& document, const checkpoint::Checkpoint& checkpoint) {
    const checkpoint::T5Config& config = checkpoint.config();
    Table table{"The model", {"property", "value"}, {}};
    const auto row = [&](const char* name, std::string value) {
        table.rows.push_back({name, std::move(value)});
    };
    row("parameters when dense", groupedNumber(checkpoint.denseParameterCount()));
    row("parameters stored", groupedNumber(checkpoint.parameterCount()));
    row("bytes of the weight files",
        groupedNumber(static_cast<std::int64_t>(checkpoint.byteCount())));
    row("d_model, d_kv, d_ff", fmt::format("{}, {}, {}", config.dModel, config.dKv, config.dFf));
    row("heads", fmt::format("{}", config.numHeads));
    row("encoder and decoder blocks",
        fmt::format("{} and {}", config.numLayers, config.numDecoderLayers));
    row("feed-forward", printable(config.feedForwardProj));
    row("output head", checkpoint.tiedHead() ? "tied to the embedding" : "a matrix of its own");
    document.blocks.emplace_back(std::move(table));
    for (const std::string& warning : checkpoint.warnings())
        document.blocks.emplace_back(Paragraph{"Note: " + printable(warning, 500)});
}

void addSpectra(Document& document, const ReportData& data, bool figures) {
    document.addHeading("How fast the singular values decay");
    document.blocks.emplace_back(Paragraph{
        fmt::format("Medians over the matrices of each role. The error of the best rank-r "
                    "approximation follows from the singular values alone (Eckart-Young): "
                    "‖W − W_r‖² is the sum of the squares left out. Rank 90 % is the smallest "
                    "rank that keeps 90 % of that sum. Above the break-even rank two factors hold "
                    "more numbers than the matrix. The last column is the relative Frobenius "
                    "error at rank {}. Computed in float64 whatever the checkpoint's type.",
                    data.rank)});
    Table table{"Spectra by role",
                {"role", "matrices", "shape", "stable rank", "effective rank", "rank 90 %",
                 "rank 95 %", "rank 99 %", "full rank", "break-even", "error"},
                {}};
    for (const RoleSummary& role : data.roles)
        table.rows.push_back(
            {role.name, fmt::format("{}", role.matrices), role.shape,
             fmt::format("{:.1f}", role.stableRank), fmt::format("{:.1f}", role.effectiveRank),
             fmt::format("{}", role.rank90), fmt::format("{}", role.rank95),
             fmt::format("{}", role.rank99), fmt::format("{}", role.fullRank),
             fmt::format("{}", role.breakEvenRank), fmt::format("{:.3f}", role.errorAtPostRank)});
    document.blocks.emplace_back(std::move(table));
    if (!figures) return;
    document.blocks.emplace_back(
        Picture{"spectra.png", "Singular values of every linear matrix, logarithmic axis."});
    document.blocks.emplace_back(
        Picture{"errors.png", "Relative Frobenius error of the best approximation against rank."});
    document.blocks.emplace_back(Picture{
        "seed.png", fmt::format("The post's view of one matrix, {}: singular values, and "
                                "Frobenius error from rank 32 to full rank.",
                                printable(representativeMatrices(data.matrices).front().name))});
}

std::string budgetSentence(const BudgetRow& row, std::int64_t dense) {
    if (!row.impossible.empty())
        return fmt::format("Keeping {:.0f} % by compressing {} alone: {}", 100 * row.kept,
                           row.targets, printable(row.impossible, 400));
    const std::string ranks =
        row.smallestRank == row.largestRank
            ? fmt::format("rank {}", row.smallestRank)
            : fmt::format("ranks {} to {}", row.smallestRank, row.largestRank);
    return fmt::format(
        "To really keep {:.0f} % of the model by compressing {}: pivoted storage at "
        "{}, {} parameters.",
        100 * row.kept, row.targets == "all" ? "every linear matrix" : row.targets, ranks,
        countAndShare(row.stored, dense));
}

void addParameters(Document& document, const ReportData& data, std::int64_t dense) {
    document.addHeading("What compression saves");
    document.blocks.emplace_back(Paragraph{fmt::format(
        "The whole model's parameters when the named matrices get rank {} (the blog post's rank "
        "382 at d_model 768, in proportion). “Post's convention” leaves the factors out of the "
        "count, as the post did; the other columns count every number that must be stored: two "
        "factors take r(m + n), the pivoted form of the same matrix takes r(m + n) − r².",
        data.rank)});
    document.blocks.emplace_back(parameterStory(data, dense));
    for (const BudgetRow& row : data.budgets)
        document.blocks.emplace_back(Paragraph{budgetSentence(row, dense)});
}

void addRandomVectors(Document& document, const ReportData& data, const ReportOptions& options) {
    document.addHeading("Original against compressed on random vectors");
    document.blocks.emplace_back(Paragraph{fmt::format(
        "{} seeded vectors x for each matrix; cosine between W x and W' x, as the mean over the "
        "vectors and pooled over all of them. Predicted is the square root of the kept energy, "
        "which the pooled cosine approaches for inputs that favour no direction (normal). Uniform "
        "inputs from [0, 1) favour the direction of all ones, so they may lie elsewhere.",
        groupedNumber(options.vectors))});
    document.blocks.emplace_back(randomVectorStory(data));
}

void addPost(Document& document, const ReportData& data) {
    document.addHeading("Beside the blog post's figures");
    if (!data.post.sameShape) {
        document.blocks.emplace_back(Paragraph{data.post.reason});
        return;
    }
    Table counts{"Parameters, rank 382",
                 {"matrices", "published", "same counting here", "stored as factors", "pivoted"},
                 {}};
    counts.rows.push_back({"none (dense)", "-", groupedNumber(postDense), groupedNumber(postDense),
                           groupedNumber(postDense)});
    for (const ParameterRow& row : data.parameters) {
        const bool qkv = row.targets == "q,k,v";
        if (!qkv && row.targets != "q,k,v,o") continue;
        counts.rows.push_back({row.targets, groupedNumber(qkv ? postQkv : postQkvo),
                               groupedNumber(row.counts.postConvention),
                               groupedNumber(row.counts.factored),
                               groupedNumber(row.counts.pivoted)});
    }
    document.blocks.emplace_back(std::move(counts));
    addPublishedMetrics(document, data.evaluation);
}

void addProvenance(Document& document, const checkpoint::Checkpoint& checkpoint,
                   const ReportOptions& options, const ReportData& data) {
    document.addHeading("How this was made");
    const Json& torch = data.facts.at("libtorch");
    const auto text = [](const Json& object, const char* key) {
        return object.contains(key) ? printable(object.at(key).get<std::string>(), 300)
                                    : std::string("not available");
    };
    Table table{"Provenance", {"what", "value"}, {}};
    const auto row = [&](const char* name, std::string value) {
        table.rows.push_back({name, std::move(value)});
    };
    row("command", printable(options.command, 2000));
    row("checkpoint", printable(checkpoint.label(), 1000));
    row("SHA-256 of the weights", data.contentHash);
    row("seed", fmt::format("{}", options.seed));
    row("Rankscope", text(data.facts.at("program"), "version"));
    row("LibTorch", text(torch, "version"));
    row("BLAS", text(torch, "blas") + ", core " + text(torch, "blas_core"));
    row("processor", fmt::format("{}, {} cores", text(data.facts.at("cpu"), "name"),
                                 data.facts.at("cpu").at("cores").get<int>()));
    row("spectra",
        fmt::format("{} matrices, {} from the cache, {:.2f} s on {}", data.spectra.spectra.size(),
                    data.spectra.fromCache, data.spectra.seconds, data.spectra.device));
    document.blocks.emplace_back(std::move(table));
    document.blocks.emplace_back(
        Paragraph{"Beside this page: spectra.csv, curves.csv, parameters.csv, random_vectors.csv, "
                  "evaluation.csv if dialogues were given, tables.json, and each figure as PNG "
                  "and PDF if the window's program was "
                  "installed."});
}

}  // namespace

Table parameterStory(const ReportData& data, std::int64_t dense) {
    Table table{fmt::format("Parameters of the whole model (dense: {})", groupedNumber(dense)),
                {"compressed", "matrices", "rank", "post's convention", "two factors", "pivoted",
                 "smallest exact form"},
                {}};
    for (const ParameterRow& row : data.parameters)
        table.rows.push_back({row.targets == "ffn"   ? "feed-forward"
                              : row.targets == "all" ? "every linear matrix"
                                                     : row.targets,
                              fmt::format("{}", row.matrices), fmt::format("{}", row.rank),
                              countAndShare(row.counts.postConvention, dense),
                              countAndShare(row.counts.factored, dense),
                              countAndShare(row.counts.pivoted, dense),
                              countAndShare(row.counts.stored, dense)});
    return table;
}

Table randomVectorStory(const ReportData& data) {
    auto columns = randomVectorsColumns({});
    std::erase_if(columns, [](const auto& column) { return column.key == "vectors"; });
    Table table{"Random vectors", {}, {}};
    for (const auto& column : columns) table.header.push_back(titleOf(column));
    table.header.insert(table.header.begin() + 1, "inputs");
    const auto add = [&](const char* inputs, const auto& results) {
        for (const evaluate::RandomVectorsResult& result : results) {
            std::vector<std::string>& row = table.rows.emplace_back();
            for (const auto& column : columns) row.push_back(cellOf(column, result).shown);
            row.insert(row.begin() + 1, inputs);
        }
    };
    add("uniform", data.uniform);
    add("normal", data.normal);
    return table;
}

Document tellStory(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                   const ReportData& data, bool figures) {
    Document document;
    document.title = fmt::format("How compressible is {}?", printable(checkpoint.label(), 300));
    document.subtitle = fmt::format(
        "Spectra, ranks and parameters of {} linear matrices, by "
        "Rankscope " RANKSCOPE_VERSION ".",
        data.matrices.size());
    addModel(document, checkpoint);
    addSpectra(document, data, figures);
    addParameters(document, data, checkpoint.denseParameterCount());
    addRandomVectors(document, data, options);
    addEvaluation(document, data.evaluation);
    addPost(document, data);
    addProvenance(document, checkpoint, options, data);
    return document;
}

}  // namespace rankscope::report
