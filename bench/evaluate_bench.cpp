// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-evaluate CHECKPOINT THREADS DEVICE [COMPUTE]: loads a model once (COMPUTE is
// float32, the default, or bfloat16), says so with a line of JSON, then answers each line of JSON
// on its input with one on its output:
//   {"task": "generate", "sources": [[ids]], "beams", "new_tokens", "batch" (absent: all at once)}
//       -> {"seconds", "ids": [[ids]], "scores"}
//   {"task": "loss", "sources", "targets", "token_budget"} -> {"seconds", "sum", "tokens"}
//   {"task": "rouge", "references", "predictions", "resamples"}
//       -> {"seconds", "rouge1": [precision, recall, f], …}
// and in each the peak memory so far, "peak_rss_bytes"; {"out_of_memory": true} if the device has
// too little. With "-" for CHECKPOINT only the last task works.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/bootstrap.h"
#include "core/model/batches.h"
#include "core/model/checkpoint_weights.h"
#include "core/model/summarization_options.h"
#include "core/text/rouge/rouge.h"

namespace {

using rankscope::Json;
using rankscope::backend::Seq2Seq;
using rankscope::backend::TokenIds;
using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::int64_t peakBytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
}

Json generate(Seq2Seq& model, const Json& request) {
    const auto sources = request.at("sources").get<std::vector<TokenIds>>();
    const std::int64_t length = request.at("new_tokens");
    const std::size_t batch = request.value("batch", sources.size());
    const rankscope::backend::GenerationOptions options = {
        .beams = request.at("beams"), .maxNewTokens = length, .minNewTokens = length};
    std::vector<rankscope::backend::GeneratedSequence> sequences;
    const Clock::time_point start = Clock::now();
    for (std::size_t begin = 0; begin < sources.size(); begin += batch) {
        const std::span<const TokenIds> all(sources);
        const auto part = all.subspan(begin, std::min(batch, sources.size() - begin));
        for (auto& sequence : model.generate(part, options, {}))
            sequences.push_back(std::move(sequence));
    }
    Json answer = {
        {"seconds", secondsSince(start)}, {"ids", Json::array()}, {"scores", Json::array()}};
    for (const auto& sequence : sequences) {
        answer["ids"].push_back(sequence.ids);
        answer["scores"].push_back(sequence.score);
    }
    return answer;
}

Json loss(Seq2Seq& model, const Json& request) {
    const auto sources = request.at("sources").get<std::vector<TokenIds>>();
    const auto targets = request.at("targets").get<std::vector<TokenIds>>();
    const Clock::time_point start = Clock::now();
    std::vector<std::int64_t> lengths;
    for (const TokenIds& source : sources)
        lengths.push_back(static_cast<std::int64_t>(source.size()));
    double sum = 0;
    std::int64_t tokens = 0;
    for (const auto& batch :
         rankscope::model::batchesByLength(lengths, request.at("token_budget"))) {
        std::vector<TokenIds> batchSources;
        std::vector<TokenIds> batchTargets;
        for (const std::size_t position : batch) {
            batchSources.push_back(sources.at(position));
            batchTargets.push_back(targets.at(position));
        }
        for (const auto& one : model.loss(batchSources, batchTargets, {})) {
            sum += one.sum;
            tokens += one.tokens;
        }
    }
    return {{"seconds", secondsSince(start)}, {"sum", sum}, {"tokens", tokens}};
}

/// As rouge_score's aggregator does: means and intervals of precision, recall and F of every type.
Json rouge(const Json& request) {
    namespace text = rankscope::text;
    const auto references = request.at("references").get<std::vector<std::string>>();
    const auto predictions = request.at("predictions").get<std::vector<std::string>>();
    const rankscope::evaluate::BootstrapOptions bootstrap = {.resamples = request.at("resamples")};
    const Clock::time_point start = Clock::now();
    std::array<std::array<std::vector<double>, 3>, text::rougeTypes.size()> values;
    for (std::size_t pair = 0; pair < references.size(); ++pair) {
        const auto scores = text::rouge(references[pair], predictions.at(pair), {});
        for (std::size_t type = 0; type < scores.size(); ++type) {
            values[type][0].push_back(scores[type].precision);
            values[type][1].push_back(scores[type].recall);
            values[type][2].push_back(scores[type].f);
        }
    }
    Json answer;
    for (std::size_t type = 0; type < values.size(); ++type) {
        Json& entry = answer[std::string(text::rougeName(text::rougeTypes[type]))];
        for (const auto& part : values[type]) {
            double sum = 0;
            for (const double value : part) sum += value;
            const auto interval = rankscope::evaluate::bootstrapMean(part, bootstrap);
            entry.push_back({interval.low, sum / static_cast<double>(part.size()), interval.high});
        }
    }
    answer["seconds"] = secondsSince(start);
    return answer;
}

std::unique_ptr<Seq2Seq> openModel(const std::string& name, int threads, const std::string& device,
                                   const std::string& compute) {
    const auto& backend = rankscope::backend::loadBackend({.threads = threads});
    const auto checkpoint = rankscope::checkpoint::openCheckpoint(name);
    return backend.openSeq2Seq(checkpoint.config(), rankscope::model::CheckpointWeights(checkpoint),
                               {.device = backend.chooseDevice(device),
                                .compute = rankscope::model::computeTypeNamed(compute)},
                               {});
}

Json answered(Seq2Seq* model, const Json& request) {
    const std::string task = request.at("task");
    if (task == "rouge") return rouge(request);
    if (model == nullptr)
        throw rankscope::Error("No checkpoint was named, so only \"rouge\" can be asked for.");
    try {
        return task == "loss" ? loss(*model, request) : generate(*model, request);
    } catch (const rankscope::Error& error) {
        if (error.kind() != rankscope::ErrorKind::OutOfMemory) throw;
        return {{"out_of_memory", true}};
    }
}

void serve(const std::string& name, int threads, const std::string& device,
           const std::string& compute) {
    const Clock::time_point start = Clock::now();
    const auto model = name == "-" ? nullptr : openModel(name, threads, device, compute);
    std::cout << Json{{"seconds_loading", secondsSince(start)}, {"peak_rss_bytes", peakBytes()}}
              << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        Json answer = answered(model.get(), Json::parse(line));
        answer["peak_rss_bytes"] = peakBytes();
        std::cout << answer << std::endl;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4 || argc > 5) {
        std::cerr << "usage: rankscope-bench-evaluate CHECKPOINT THREADS DEVICE [COMPUTE]\n";
        return 2;
    }
    try {
        serve(argv[1], std::stoi(argv[2]), argv[3], argc > 4 ? argv[4] : "float32");
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
