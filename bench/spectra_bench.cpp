// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-spectra CHECKPOINT THREADS DEVICE [ROUNDS]: computes the spectra of all linear
// matrices without any cache and prints one JSON document: seconds until LibTorch was loaded and
// the device was warm, seconds of each round, peak memory and every singular value. THREADS 0: the
// default.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/parallel.h"
#include "core/checkpoint/checkpoint.h"
#include "core/spectra/compute_spectra.h"

namespace {

using rankscope::Json;

/// The first work on a GPU loads its libraries, which is not part of the timing.
rankscope::backend::Device warmed(const rankscope::backend::Backend& backend,
                                  const std::string& name) {
    const auto device = backend.chooseDevice(name);
    if (device.cuda) {
        const rankscope::Matrix matrix{{3, 1, 4, 1, 5, 9}, 3, 2};
        backend.algebra(device).singularValues(matrix);
    }
    return device;
}

Json measure(const std::string& name, int threads, const std::string& deviceName, int rounds) {
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::time_point from) {
        return std::chrono::duration<double>(Clock::now() - from).count();
    };
    const Clock::time_point start = Clock::now();
    const auto checkpoint = rankscope::checkpoint::openCheckpoint(name);
    std::vector<rankscope::checkpoint::WeightMatrix> matrices;
    for (const auto& matrix : checkpoint.matrices())
        if (matrix.sublayer != rankscope::checkpoint::Sublayer::Vocabulary)
            matrices.push_back(matrix);
    const auto& backend = rankscope::backend::loadBackend({.threads = threads});
    const auto device = warmed(backend, deviceName);
    const double loading = seconds(start);
    std::vector<double> took;
    std::vector<rankscope::spectra::Spectrum> spectra;
    for (int round = 0; round < rounds; ++round) {
        const Clock::time_point begin = Clock::now();
        spectra = rankscope::spectra::computeSpectra(checkpoint, matrices, {},
                                                     {backend, device, threads}, {});
        took.push_back(seconds(begin));
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto info = backend.info();
    Json document = {{"rounds", took},
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
    if (argc < 4 || argc > 5) {
        std::cerr << "usage: rankscope-bench-spectra CHECKPOINT THREADS DEVICE [ROUNDS]\n";
        return 2;
    }
    try {
        const int rounds = argc > 4 ? std::stoi(argv[4]) : 1;
        std::cout << measure(argv[1], std::stoi(argv[2]), argv[3], rounds).dump() << "\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
