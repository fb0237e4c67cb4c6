// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-methods CHECKPOINT THREADS DEVICE METHOD [MOMENTS…]: factors of all linear
// matrices at half rank by METHOD (svd or whitened), and prints one JSON document: seconds, and the
// relative error of every layer, for a method that looks at data on its inputs. Each file of
// MOMENTS is one square G of float64, taken for all layers of its width.
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
#include "core/method/activation_error.h"
#include "core/method/method.h"
#include "core/spectra/for_each_matrix.h"

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

/// ‖W - W'‖_F / ‖W‖_F.
double relativeError(const Matrix& weight, const backend::Factors& factors,
                     const backend::Backend& backend) {
    const Matrix product = backend.algebra({}).multiply(factors.left, factors.right);
    double lost = 0, whole = 0;
    for (std::size_t i = 0; i < weight.values.size(); ++i) {
        lost += std::pow(weight.values[i] - product.values[i], 2);
        whole += std::pow(weight.values[i], 2);
    }
    return std::sqrt(lost / whole);
}

struct Job {
    std::string checkpoint, device, method;
    int threads = 1;
    std::map<std::int64_t, backend::InputMoments> moments;

    const backend::InputMoments* momentsOf(std::int64_t width) const {
        return moments.empty() ? nullptr : &moments.at(width);
    }
};

Json measure(const Job& job) {
    using Clock = std::chrono::steady_clock;
    const auto checkpoint = checkpoint::openCheckpoint(job.checkpoint);
    std::vector<checkpoint::WeightMatrix> matrices;
    for (const auto& matrix : checkpoint.matrices())
        if (matrix.sublayer != checkpoint::Sublayer::Vocabulary) matrices.push_back(matrix);
    const auto& backend = backend::loadBackend({.threads = job.threads});
    const auto device = backend.chooseDevice(job.device);
    const method::Method& method = method::methodNamed(job.method);
    if (device.cuda)  // the first work on a GPU loads its libraries
        backend.algebra(device).truncatedSvd(Matrix{{3, 1, 4, 1, 5, 9}, 3, 2}, 1);
    std::vector<backend::Factors> factors(matrices.size());
    const std::vector<std::size_t> order = spectra::largestFirst(matrices);
    const Clock::time_point start = Clock::now();
    runInParallel(order.size(), job.threads, [&](std::size_t i) {
        const checkpoint::WeightMatrix& matrix = matrices[order[i]];
        const Matrix weight = checkpoint.readMatrix(matrix);
        factors[order[i]] = method.factorize({.weight = weight,
                                              .rank = matrix.fullRank() / 2,
                                              .inputs = job.momentsOf(matrix.columns)},
                                             backend.algebra(device));
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::vector<double> errors(matrices.size());
    runInParallel(matrices.size(), availableCores(), [&](std::size_t i) {
        const Matrix weight = checkpoint.readMatrix(matrices[i]);
        const auto* moments = job.momentsOf(matrices[i].columns);
        errors[i] =
            moments == nullptr
                ? relativeError(weight, factors[i], backend)
                : method::activationError(weight, factors[i], moments->second, backend.algebra({}));
    });
    Json document = {{"seconds", seconds}, {"errors", Json::object()}};
    for (std::size_t i = 0; i < matrices.size(); ++i)
        document["errors"][matrices[i].name] = errors[i];
    return document;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::cerr
            << "usage: rankscope-bench-methods CHECKPOINT THREADS DEVICE METHOD [MOMENTS...]\n";
        return 2;
    }
    try {
        Job job{.checkpoint = argv[1], .device = argv[3], .method = argv[4], .moments = {}};
        job.threads = std::stoi(argv[2]);
        for (int i = 5; i < argc; ++i) {
            backend::InputMoments one = readMoments(argv[i]);
            const std::int64_t width = one.second.rows;
            job.moments.emplace(width, std::move(one));
        }
        std::cout << measure(job).dump() << '\n';
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
