// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/evaluation.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/json_reader.h"
#include "core/evaluate/bootstrap.h"

namespace rankscope::evaluate {

namespace {

using text::rougeTypes;

/// JSON has no NaN: null stands for it.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json lossJson(const std::optional<EvaluationLoss>& loss) {
    if (!loss) return nullptr;
    return {{"token_mean", number(loss->tokenMean)},
            {"trainer_weighted", number(loss->trainerWeighted)},
            {"trainer_batch_mean", number(loss->trainerBatchMean)},
            {"batch_size", loss->batchSize}};
}

Json runJson(const EvaluationRun& run) {
    Json rouge, intervals;
    if (run.hasRouge)
        for (std::size_t t = 0; t < rougeTypes.size(); ++t) {
            const std::string name(text::rougeName(rougeTypes[t]));
            rouge[name] = number(run.rouge[t]);
            intervals[name] = Json::array(
                {number(run.rougeIntervals[t].low), number(run.rougeIntervals[t].high)});
        }
    return {{"checkpoint", run.checkpoint},
            {"parameters", run.parameters},
            {"bytes", run.bytes},
            {"samples", run.samples},
            {"truncated_sources", run.truncatedSources},
            {"bad_losses", run.badLosses},
            {"loss", lossJson(run.loss)},
            {"rouge", std::move(rouge)},
            {"rouge_intervals", std::move(intervals)},
            {"generated_length", number(run.generatedLength)},
            {"seconds", {{"loss", run.lossSeconds}, {"generate", run.generateSeconds}}},
            {"tokens_per_second",
             {{"loss", number(run.lossTokensPerSecond)},
              {"generate", number(run.generateTokensPerSecond)}}},
            {"resumed", run.fromJournal},
            {"device", run.device},
            {"compute", run.compute}};
}

Json outputJson(const EvaluationRun& run, const SampleResult& result) {
    Json rouge;
    if (run.hasRouge)
        for (std::size_t t = 0; t < rougeTypes.size(); ++t) {
            const text::RougeScore& score = result.rouge[t];
            rouge[std::string(text::rougeName(rougeTypes[t]))] =
                Json::array({score.precision, score.recall, score.f});
        }
    return {{"text", result.output},
            {"ids", result.ids},
            {"loss", result.lossTokens > 0 ? number(result.lossSum) : Json(nullptr)},
            {"loss_tokens", result.lossTokens},
            {"rouge", std::move(rouge)}};
}

Json sampleJson(const Evaluation& evaluation, std::size_t position) {
    const EvaluationSample& sample = evaluation.samples[position];
    Json outputs = Json::array();
    for (const EvaluationRun& run : evaluation.runs)
        if (position < run.results.size())
            outputs.push_back(outputJson(run, run.results[position]));
    return {{"id", sample.id},
            {"source", sample.source},
            {"references", sample.references},
            {"source_tokens", sample.sourceTokens},
            {"truncated", sample.truncated},
            {"outputs", std::move(outputs)}};
}

Interval readInterval(const JsonReader& reader) {
    const auto ends = reader.elements(2);
    return {ends[0].real(), ends[1].real()};
}

std::optional<EvaluationLoss> readLoss(const JsonReader& reader) {
    if (reader.isNull()) return std::nullopt;
    return EvaluationLoss{.tokenMean = reader.at("token_mean").real(),
                          .trainerWeighted = reader.at("trainer_weighted").real(),
                          .trainerBatchMean = reader.at("trainer_batch_mean").real(),
                          .batchSize = reader.at("batch_size").whole()};
}

void readRouge(const JsonReader& reader, EvaluationRun& run) {
    run.hasRouge = !reader.at("rouge").isNull();
    if (!run.hasRouge) return;
    for (std::size_t t = 0; t < rougeTypes.size(); ++t) {
        const std::string name(text::rougeName(rougeTypes[t]));
        run.rouge[t] = reader.at("rouge").at(name).real();
        run.rougeIntervals[t] = readInterval(reader.at("rouge_intervals").at(name));
    }
}

EvaluationRun readRun(const JsonReader& reader) {
    EvaluationRun run;
    run.checkpoint = reader.at("checkpoint").text();
    run.parameters = reader.at("parameters").whole();
    run.bytes = static_cast<std::uint64_t>(reader.at("bytes").whole());
    run.samples = reader.at("samples").whole();
    run.truncatedSources = reader.at("truncated_sources").whole();
    for (const JsonReader& bad : reader.at("bad_losses").elements())
        run.badLosses.push_back(bad.whole());
    run.loss = readLoss(reader.at("loss"));
    readRouge(reader, run);
    run.generatedLength = reader.at("generated_length").real();
    run.lossSeconds = reader.at("seconds").at("loss").real();
    run.generateSeconds = reader.at("seconds").at("generate").real();
    run.lossTokensPerSecond = reader.at("tokens_per_second").at("loss").real();
    run.generateTokensPerSecond = reader.at("tokens_per_second").at("generate").real();
    run.fromJournal = reader.at("resumed").flag();
    run.device = reader.at("device").text();
    run.compute = reader.at("compute").text();
    return run;
}

SampleResult readOutput(const JsonReader& reader, bool hasRouge) {
    SampleResult result;
    result.output = reader.at("text").text();
    for (const JsonReader& id : reader.at("ids").elements())
        result.ids.push_back(static_cast<std::int32_t>(id.whole()));
    result.lossTokens = reader.at("loss_tokens").whole();
    if (result.lossTokens > 0) result.lossSum = reader.at("loss").real();
    if (!hasRouge) return result;
    for (std::size_t t = 0; t < rougeTypes.size(); ++t) {
        const std::string name(text::rougeName(rougeTypes[t]));
        const auto score = reader.at("rouge").at(name).elements(3);
        result.rouge[t] = {score[0].real(), score[1].real(), score[2].real()};
    }
    return result;
}

void readSample(const JsonReader& reader, Evaluation& evaluation) {
    evaluation.samples.push_back({.id = reader.at("id").text(),
                                  .source = reader.at("source").text(),
                                  .references = reader.at("references").texts(),
                                  .sourceTokens = reader.at("source_tokens").whole(),
                                  .truncated = reader.at("truncated").flag()});
    const auto outputs = reader.at("outputs").elements(evaluation.runs.size());
    for (std::size_t r = 0; r < evaluation.runs.size(); ++r) {
        EvaluationRun& run = evaluation.runs[r];
        run.results.push_back(readOutput(outputs[r], run.hasRouge));
    }
}

}  // namespace

Json toJson(const Evaluation& evaluation, bool perSample) {
    Json document;
    document["runs"] = Json::array();
    for (const EvaluationRun& run : evaluation.runs) document["runs"].push_back(runJson(run));
    document["comparison"] = Json::array();
    for (const Comparison& comparison : evaluation.comparison)
        document["comparison"].push_back({{"checkpoint", comparison.checkpoint},
                                          {"metric", comparison.metric},
                                          {"difference", number(comparison.difference)},
                                          {"low", number(comparison.interval.low)},
                                          {"high", number(comparison.interval.high)}});
    if (perSample) {
        document["samples"] = Json::array();
        for (std::size_t i = 0; i < evaluation.samples.size(); ++i)
            document["samples"].push_back(sampleJson(evaluation, i));
    }
    document["settings"] = evaluation.settings;
    document["warnings"] = evaluation.warnings;
    return document;
}

Evaluation evaluationFromJson(const Json& document) {
    const JsonReader reader(document, "This is no document of an evaluation: the document",
                            "Write one with `evaluate --json`.");
    Evaluation evaluation;
    for (const JsonReader& run : reader.at("runs").elements())
        evaluation.runs.push_back(readRun(run));
    for (const JsonReader& row : reader.at("comparison").elements())
        evaluation.comparison.push_back(
            {.checkpoint = row.at("checkpoint").text(),
             .metric = row.at("metric").text(),
             .difference = row.at("difference").real(),
             .interval = {row.at("low").real(), row.at("high").real()}});
    if (const auto samples = reader.find("samples"))
        for (const JsonReader& sample : samples->elements()) readSample(sample, evaluation);
    evaluation.settings = reader.at("settings").json();
    evaluation.warnings = reader.at("warnings").texts();
    return evaluation;
}

}  // namespace rankscope::evaluate
