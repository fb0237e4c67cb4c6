// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-methods CHECKPOINT THREADS MOMENTS…: whitened factors of all linear matrices at
// half rank, and prints one JSON document: seconds, and the relative error of every layer on its
// inputs. Each file of MOMENTS is one square G of float64, taken for all layers of its width.
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/parallel.h"
#include "core/checkpoint/checkpoint.h"
#include "core/compress/method.h"
#include "core/compress/race.h"
#include "core/spectra/compute_spectra.h"

namespace {

using namespace rankscope;

backend::InputMoments readMoments(const char* path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const auto bytes = static_cast<std::size_t>(file.tellg());
    backend::InputMoments moments;
    const auto width = static_cast<std::int64_t>(std::lround(std::sqrt(bytes / sizeof(double))));
    moments.second = {std::vector<double>(bytes / sizeof(double)), width, width};
    file.seekg(0);
    file.read(reinterpret_cast<char*>(moments.second.values.data()),
              static_cast<std::streamsize>(bytes));
    if (!file) throw Error(std::string(path) + " cannot be read.");
    return moments;
}

Json measure(const std::string& name, int threads,
             const std::map<std::int64_t, backend::InputMoments>& moments) {
    using Clock = std::chrono::steady_clock;
    const auto checkpoint = checkpoint::openCheckpoint(name);
    std::vector<checkpoint::WeightMatrix> matrices;
    for (const auto& matrix : checkpoint.matrices())
        if (matrix.sublayer != checkpoint::Sublayer::Vocabulary) matrices.push_back(matrix);
    const auto& backend = backend::loadBackend({.threads = threads});
    const compress::Method& method = compress::methodNamed("whitened");
    std::vector<backend::Factors> factors(matrices.size());
    const std::vector<std::size_t> order = spectra::largestFirst(matrices);
    const Clock::time_point start = Clock::now();
    runInParallel(order.size(), threads, [&](std::size_t i) {
        const checkpoint::WeightMatrix& matrix = matrices[order[i]];
        const Matrix weight = checkpoint.readMatrix(matrix);
        factors[order[i]] = method.factorize({.weight = weight,
                                              .rank = matrix.fullRank() / 2,
                                              .inputs = &moments.at(matrix.columns)},
                                             {}, backend);
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::vector<double> errors(matrices.size());
    runInParallel(matrices.size(), threads, [&](std::size_t i) {
        errors[i] = compress::activationError(checkpoint.readMatrix(matrices[i]), factors[i],
                                              moments.at(matrices[i].columns).second, {}, backend);
    });
    Json document = {{"seconds", seconds}, {"errors", Json::object()}};
    for (std::size_t i = 0; i < matrices.size(); ++i)
        document["errors"][matrices[i].name] = errors[i];
    return document;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: rankscope-bench-methods CHECKPOINT THREADS MOMENTS...\n";
        return 2;
    }
    try {
        std::map<std::int64_t, backend::InputMoments> moments;
        for (int i = 3; i < argc; ++i) {
            backend::InputMoments one = readMoments(argv[i]);
            moments.emplace(one.second.rows, std::move(one));
        }
        std::cout << measure(argv[1], std::stoi(argv[2]), moments).dump() << '\n';
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
