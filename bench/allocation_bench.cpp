// SPDX-License-Identifier: Apache-2.0
// Times water-filling over the 216 matrices of Flan-T5-base (144 of 768 x 768, 72 of 768 x 2048)
// for three families of spectra, both storages and four budgets; no model is read.
//
//     rankscope-bench-allocation [ROUNDS]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "core/plan/allocation.h"
#include "core/plan/plan.h"

using namespace rankscope;
using plan::AllocationMatrix;

namespace {

constexpr std::int64_t side = 768;
constexpr std::int64_t inner = 2048;

std::vector<AllocationMatrix> matrices(const std::function<double(double, double)>& value) {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> shape(0.1, 0.9);
    std::vector<AllocationMatrix> all;
    for (int l = 0; l < 216; ++l) {
        AllocationMatrix entry;
        entry.matrix.rows = entry.matrix.rank = side;
        entry.matrix.columns = l < 144 ? side : inner;
        const double p = shape(random);
        for (std::int64_t i = 0; i < side; ++i)
            entry.importance.push_back(value(static_cast<double>(i), p));
        all.push_back(std::move(entry));
    }
    return all;
}

void measure(const char* name, const std::vector<AllocationMatrix>& all, int rounds) {
    std::int64_t dense = 0;
    for (const AllocationMatrix& entry : all) dense += entry.matrix.rows * entry.matrix.columns;
    for (const auto storage : {plan::StorageChoice::Factored, plan::StorageChoice::Pivoted})
        for (const double share : {0.35, 0.5, 0.7, 0.9}) {
            plan::PlanOptions options;
            options.storage = storage;
            std::vector<double> milliseconds;
            bool exact = true;
            for (int round = 0; round < rounds; ++round) {
                const auto start = std::chrono::steady_clock::now();
                const plan::Allocation found = plan::allocate(
                    plan::allocatorNamed("water-filling"), all,
                    static_cast<std::int64_t>(share * static_cast<double>(dense)), options);
                const std::chrono::duration<double, std::milli> taken =
                    std::chrono::steady_clock::now() - start;
                milliseconds.push_back(taken.count());
                exact = found.warnings.empty();
            }
            std::ranges::sort(milliseconds);
            fmt::print("{:10} {:8} {:4} {:8.1f} ms ({:.1f} to {:.1f}){}\n", name,
                       storage == plan::StorageChoice::Factored ? "factored" : "pivoted", share,
                       milliseconds[milliseconds.size() / 2], milliseconds.front(),
                       milliseconds.back(), exact ? "" : ", cut short");
        }
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
    measure("power law", matrices([](double i, double p) { return std::pow(1 + i, -p); }), rounds);
    measure("straight", matrices([](double i, double p) { return 1 + p - i / side; }), rounds);
    measure("flat", matrices([](double, double) { return 1.0; }), rounds);
}
