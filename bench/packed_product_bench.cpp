// SPDX-License-Identifier: Apache-2.0
// rankscope-bench-packed-product [OUT IN COUNT [ROUNDS]]: y = x Wᵀ over COUNT different float32
// weights, so that none is still in the cache, with our packed product and with at::linear of the
// LibTorch this was built on. Prints a Markdown table: the median and the range of the rounds.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/parallel.h"
#include "core/torch/kernels/packed_product.h"

namespace {

using rankscope::torch_backend::PackedWeight;
using rankscope::torch_backend::ProductPath;

struct Setting {
    std::int64_t out = 2048;
    std::int64_t in = 768;
    std::int64_t count = 60;
    int rounds = 7;
};

double secondsOf(const std::function<void()>& work) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A way to compute all products, its times so far and its last result.
struct Contender {
    std::string name;
    std::function<void(const at::Tensor& x, std::int64_t weight, at::Tensor& y)> product;
    std::vector<double> seconds;
};

std::string cell(const Setting& setting, std::int64_t rows, std::vector<double> seconds) {
    std::sort(seconds.begin(), seconds.end());
    const double weights = static_cast<double>(setting.out * setting.in * setting.count);
    const auto rate = [&](double time) { return weights * 4 / time / 1e9; };
    const double median = seconds[seconds.size() / 2];
    char text[120];
    std::snprintf(text, sizeof text, "%.1f (%.1f - %.1f), %.0f", rate(median), rate(seconds.back()),
                  rate(seconds.front()), weights * 2 * static_cast<double>(rows) / median / 1e9);
    return text;
}

/// All contenders in turn, round by round, so that a busy spell of the machine meets each of them.
void measure(const Setting& setting, std::int64_t rows, std::vector<Contender>& contenders) {
    const at::Tensor x = at::randn({rows, setting.in});
    std::vector<at::Tensor> results;
    for (Contender& contender : contenders) {
        contender.seconds.clear();
        results.push_back(at::empty({rows, setting.out}));
        contender.product(x, 0, results.back());
        const double error = (results.back() - results.front()).abs().max().item<double>();
        if (!(error <= 1e-5 * std::sqrt(static_cast<double>(setting.in)) * 10)) {
            std::cerr << contender.name << " differs by " << error << "\n";
            std::exit(1);
        }
    }
    for (int round = 0; round < setting.rounds; ++round) {
        for (std::size_t which = 0; which < contenders.size(); ++which) {
            // The threads of OpenBLAS keep looking for work for a while after their last.
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
            contenders[which].seconds.push_back(secondsOf([&] {
                for (std::int64_t weight = 0; weight < setting.count; ++weight)
                    contenders[which].product(x, weight, results[which]);
            }));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    // OpenBLAS and OpenMP read these while they are loaded: set them as our programs do, start
    // again.
    if (std::getenv("OPENBLAS_CORETYPE") == nullptr) {
        const std::string threads = std::to_string(rankscope::availableCores());
        setenv("OPENBLAS_CORETYPE", rankscope::backend::openBlasCoreForThisCpu().c_str(), 1);
        setenv("OPENBLAS_NUM_THREADS", threads.c_str(), 0);
        setenv("OMP_NUM_THREADS", threads.c_str(), 0);
        execv("/proc/self/exe", argv);
    }
    Setting setting;
    if (argc >= 4) {
        setting.out = std::stoll(argv[1]);
        setting.in = std::stoll(argv[2]);
        setting.count = std::stoll(argv[3]);
    }
    if (argc >= 5) setting.rounds = std::stoi(argv[4]);
    const at::InferenceMode guard;
    std::vector<at::Tensor> weights;
    std::vector<PackedWeight> packed;
    std::vector<PackedWeight> narrow;
    const bool wide = PackedWeight::bestPath() == ProductPath::Avx512;
    for (std::int64_t index = 0; index < setting.count; ++index) {
        weights.push_back(at::randn({setting.out, setting.in}));
        const std::span<const float> values(weights.back().data_ptr<float>(),
                                            static_cast<std::size_t>(weights.back().numel()));
        packed.emplace_back(values, setting.out, setting.in);
        if (wide) narrow.emplace_back(values, setting.out, setting.in, ProductPath::Avx2);
    }
    const auto multiply = [](const std::vector<PackedWeight>& from) {
        return [&from](const at::Tensor& x, std::int64_t weight, at::Tensor& y) {
            from[static_cast<std::size_t>(weight)].multiply(
                x.data_ptr<float>(), x.size(0), x.size(1), y.data_ptr<float>(), y.size(1));
        };
    };
    std::vector<Contender> contenders;
    contenders.push_back({"at::linear",
                          [&](const at::Tensor& x, std::int64_t weight, at::Tensor& y) {
                              at::linear_out(y, x, weights[static_cast<std::size_t>(weight)]);
                          },
                          {}});
    contenders.push_back({std::string(nameOf(PackedWeight::bestPath())), multiply(packed), {}});
    if (wide) contenders.push_back({"AVX2", multiply(narrow), {}});
    std::printf(
        "LibTorch %s, %d threads, %lld weights %lld x %lld; GB/s of weights as median "
        "(slowest - fastest of %d), GFLOP/s\n\n| rows |",
        TORCH_VERSION, at::get_num_threads(), static_cast<long long>(setting.count),
        static_cast<long long>(setting.out), static_cast<long long>(setting.in), setting.rounds);
    for (const Contender& contender : contenders) std::printf(" %s |", contender.name.c_str());
    std::printf("\n|---|%s\n", contenders.size() == 3 ? "---|---|---|" : "---|---|");
    for (const std::int64_t rows : {1, 4, 8, 9, 16, 32, 128, 1536}) {
        measure(setting, rows, contenders);
        std::printf("| %lld |", static_cast<long long>(rows));
        for (const Contender& contender : contenders)
            std::printf(" %s |", cell(setting, rows, contender.seconds).c_str());
        std::printf("\n");
        std::fflush(stdout);
    }
    return 0;
}
