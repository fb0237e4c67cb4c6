// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-spectra CHECKPOINT [THREADS]: computes the spectra of all linear matrices without
// any cache and prints one JSON document: seconds, peak memory and every singular value.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/parallel.h"
#include "core/checkpoint/checkpoint.h"
#include "core/spectra/compute_spectra.h"

namespace {

using rankscope::Json;

Json measure(const std::string& name, int threads) {
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::time_point from) {
        return std::chrono::duration<double>(Clock::now() - from).count();
    };
    const Clock::time_point start = Clock::now();
    const auto checkpoint = rankscope::checkpoint::openCheckpoint(name);
    std::vector<rankscope::checkpoint::WeightMatrix> matrices;
    for (const auto& matrix : checkpoint.matrices()) {
        if (matrix.sublayer != rankscope::checkpoint::Sublayer::Vocabulary) {
            matrices.push_back(matrix);
        }
    }
    const auto& backend = rankscope::backend::loadBackend({.threads = threads});
    const double loading = seconds(start);
    const auto spectra = rankscope::spectra::computeSpectra(
        checkpoint, matrices, {.device = {}, .threads = threads, .onFinished = {}}, backend, {});
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto info = backend.info();
    Json document = {{"seconds", seconds(start)},
                     {"seconds_loading", loading},
                     {"peak_rss_bytes", std::int64_t{usage.ru_maxrss} * 1024},
                     {"threads", threads > 0 ? threads : rankscope::availableCores()},
                     {"torch", info.torchVersion},
                     {"blas", info.blas},
                     {"blas_core", info.blasCore},
                     {"spectra", Json::array()}};
    for (const auto& spectrum : spectra) {
        document["spectra"].push_back({{"name", spectrum.name()},
                                       {"shape", {spectrum.rows(), spectrum.columns()}},
                                       {"direct", spectrum.direct()},
                                       {"singular_values", spectrum.singularValues()}});
    }
    return document;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        std::cerr << "usage: rankscope-bench-spectra CHECKPOINT [THREADS]\n";
        return 2;
    }
    try {
        std::cout << measure(argv[1], argc > 2 ? std::stoi(argv[2]) : 0).dump() << "\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
