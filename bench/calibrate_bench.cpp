// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-calibrate CHECKPOINT THREADS DEVICE: loads a model once, says so with a line of
// JSON, then answers each line of JSON on its input with one on its output:
//   {"task": "loss" | "auto" | "float64" | "fixed-point" (sums of moments), "sources": [[ids]],
//   "targets": [[ids]], "token_budget"}
//       -> {"seconds", "processor_seconds", "tokens", "arithmetic"}
//   {"task": "difference"}, after as many requests for "auto" as for "float64"
//       -> {"root_mean_square", "largest"} of |ΔG_ij| / √(G_ii G_jj) over all inputs
// All pass over the same batches; tokens are those of sources and targets. Sums of moments grow
// over all requests, as those of a long calibration do.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/batches.h"
#include "core/model/checkpoint_weights.h"

namespace {

using rankscope::Json;
using rankscope::backend::TokenIds;
using Clock = std::chrono::steady_clock;

double processorSeconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Batch {
    std::vector<TokenIds> sources, targets;
};

std::vector<Batch> batchesOf(const Json& request) {
    const auto sources = request.at("sources").get<std::vector<TokenIds>>();
    const auto targets = request.at("targets").get<std::vector<TokenIds>>();
    std::vector<std::int64_t> lengths;
    for (const TokenIds& source : sources)
        lengths.push_back(static_cast<std::int64_t>(source.size()));
    std::vector<Batch> batches;
    for (const auto& positions :
         rankscope::model::batchesByLength(lengths, request.at("token_budget"))) {
        Batch& batch = batches.emplace_back();
        for (const std::size_t position : positions) {
            batch.sources.push_back(sources.at(position));
            batch.targets.push_back(targets.at(position));
        }
    }
    return batches;
}

std::size_t tokensOf(const std::vector<Batch>& batches) {
    std::size_t tokens = 0;
    for (const Batch& batch : batches) {
        for (const auto* rows : {&batch.sources, &batch.targets})
            for (const TokenIds& ids : *rows) tokens += ids.size();
    }
    return tokens;
}

using Collectors = std::map<std::string, std::unique_ptr<rankscope::backend::MomentCollector>>;

Json differenceOf(const Collectors& collectors) {
    const auto& exact = collectors.at("float64")->inputs();
    double squares = 0, largest = 0, count = 0;
    for (const auto& [name, moments] : collectors.at("auto")->inputs()) {
        const rankscope::Matrix& expected = exact.at(name).second;
        const auto width = static_cast<std::size_t>(expected.rows);
        for (std::size_t i = 0; i < width; ++i)
            for (std::size_t j = i; j < width; ++j) {
                const double scale =
                    std::sqrt(expected.values[i * width + i] * expected.values[j * width + j]);
                const double difference =
                    moments.second.values[i * width + j] - expected.values[i * width + j];
                const double relative = scale > 0 ? std::abs(difference) / scale : 0;
                squares += relative * relative;
                largest = std::max(largest, relative);
                ++count;
            }
    }
    return {{"root_mean_square", std::sqrt(squares / count)}, {"largest", largest}};
}

void serve(const std::string& name, int threads, const std::string& device) {
    const auto& backend = rankscope::backend::loadBackend({.threads = threads});
    const auto checkpoint = rankscope::checkpoint::openCheckpoint(name);
    const auto model =
        backend.openSeq2Seq(checkpoint.config(), rankscope::model::CheckpointWeights(checkpoint),
                            {.device = backend.chooseDevice(device), .compute = {}}, {});
    Collectors collectors;
    std::cout << Json{{"ready", true}} << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        const Json request = Json::parse(line);
        if (request.at("task") == "difference") {
            std::cout << differenceOf(collectors) << std::endl;
            continue;
        }
        const std::vector<Batch> batches = batchesOf(request);
        const std::string task = request.at("task");
        auto& collector = collectors[task];
        if (task != "loss" && !collector)
            collector =
                model->collectMoments({false, rankscope::backend::momentArithmeticNamed(task)});
        const double processorBefore = processorSeconds();
        const Clock::time_point start = Clock::now();
        for (const Batch& batch : batches)
            if (collector)
                collector->add(batch.sources, batch.targets, {});
            else
                model->loss(batch.sources, batch.targets, {});
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        std::cout << Json{{"seconds", seconds},
                          {"processor_seconds", processorSeconds() - processorBefore},
                          {"tokens", tokensOf(batches)},
                          {"arithmetic", collector ? toString(collector->arithmetic()) : ""}}
                  << std::endl;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: rankscope-bench-calibrate CHECKPOINT THREADS DEVICE\n";
        return 2;
    }
    try {
        serve(argv[1], std::stoi(argv[2]), argv[3]);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
