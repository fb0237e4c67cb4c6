// SPDX-License-Identifier: Apache-2.0
// Decompositions, factors and compression on the GPU.
#include <map>
#include <thread>

#include "core/base/error.h"
#include "core/compress/compress.h"
#include "core/evaluate/random_vectors.h"
#include "core/plan/plan.h"
#include "core/spectra/compute_spectra.h"
#include "tests/core/torch/cuda_fixture.h"

namespace rankscope {
namespace {

/// ‖a - left · right‖_F, worked out here.
double distance(const Matrix& a, const backend::Factors& factors) {
    const auto [rows, columns, rank] =
        std::tuple(a.rows, a.columns, static_cast<std::size_t>(factors.left.columns));
    double sum = 0;
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
            double rest = a.values[static_cast<std::size_t>(i * columns + j)];
            for (std::size_t k = 0; k < rank; ++k)
                rest -= factors.left.values[static_cast<std::size_t>(i) * rank + k] *
                        factors.right.values[k * static_cast<std::size_t>(columns) +
                                             static_cast<std::size_t>(j)];
            sum += rest * rest;
        }
    return std::sqrt(sum);
}

/// A tall, a wide and a square matrix.
std::vector<std::pair<std::int64_t, std::int64_t>> shapes() {
    return {{40, 24}, {24, 40}, {33, 33}};
}

TEST_F(Cuda, IsNamedAndChosenByItself) {
    EXPECT_FALSE(backend().info().gpus.front().empty());
    EXPECT_TRUE(backend().chooseDevice("auto").cuda);
    EXPECT_EQ(backend().chooseDevice("cuda:0").name(), "cuda:0");
    EXPECT_FALSE(backend().chooseDevice("cpu").cuda);
    try {
        backend().chooseDevice("cuda:99");
        ADD_FAILURE() << "a GPU 99 was found";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("There is no GPU 99"));
    }
}

TEST_F(Cuda, SingularValuesEqualTheCpus) {
    const checkpoint::Checkpoint checkpoint = demo();
    for (const checkpoint::WeightMatrix& matrix : checkpoint.matrices()) {
        const Matrix weight = checkpoint.readMatrix(matrix);
        const auto onCpu = backend().algebra({}).singularValues(weight);
        const auto onGpu = backend().algebra(gpu()).singularValues(weight);
        EXPECT_EQ(onGpu.direct, onCpu.direct) << matrix.name;
        EXPECT_LE(apart(onGpu.values, onCpu.values), 1e-9) << matrix.name;
    }
}

TEST_F(Cuda, SingularValuesOfHardMatricesEqualTheCpus) {
    Matrix thin = randomMatrix(24, 24, 7);  // of rank 23: the Gram matrix is useless
    std::copy_n(thin.values.begin(), 24, thin.values.begin() + 24);
    Matrix tiny = randomMatrix(24, 12, 8);  // squares would be lost
    for (double& value : tiny.values) value *= 1e-200;
    const Matrix zero{std::vector<double>(12), 3, 4};
    for (const Matrix& matrix : {thin, tiny, zero}) {
        const auto onCpu = backend().algebra({}).singularValues(matrix);
        const auto onGpu = backend().algebra(gpu()).singularValues(matrix);
        EXPECT_EQ(onGpu.direct, onCpu.direct);
        EXPECT_LE(apart(onGpu.values, onCpu.values), 1e-9);
    }
}

TEST_F(Cuda, SpectraOfAllMatricesEqualTheCpus) {
    const checkpoint::Checkpoint checkpoint = demo();
    const auto spectraOn = [&](const backend::Device& device) {
        return spectra::computeSpectra(checkpoint, checkpoint.matrices(), {}, {backend(), device},
                                       {});
    };
    const auto onCpu = spectraOn({});
    const auto onGpu = spectraOn(gpu());
    ASSERT_EQ(onGpu.size(), onCpu.size());
    for (std::size_t i = 0; i < onCpu.size(); ++i)
        EXPECT_LE(apart(onGpu[i].singularValues(), onCpu[i].singularValues()), 1e-9)
            << onCpu[i].name();
}

TEST_F(Cuda, TruncatedSvdReachesTheSameError) {
    for (const auto& [rows, columns] : shapes()) {
        const Matrix weight = randomMatrix(rows, columns, 3);
        for (const std::int64_t rank : {1, 8, 23}) {
            const double onCpu = distance(weight, backend().algebra({}).truncatedSvd(weight, rank));
            const double onGpu =
                distance(weight, backend().algebra(gpu()).truncatedSvd(weight, rank));
            EXPECT_NEAR(onGpu, onCpu, 1e-9 * onCpu) << rows << ' ' << columns << ' ' << rank;
        }
    }
}

TEST_F(Cuda, TruncatedSvdOfASingularMatrixReachesTheSameError) {
    Matrix weight = randomMatrix(24, 24, 7);
    std::copy_n(weight.values.begin(), 24, weight.values.begin() + 24);
    EXPECT_NEAR(distance(weight, backend().algebra(gpu()).truncatedSvd(weight, 8)),
                distance(weight, backend().algebra({}).truncatedSvd(weight, 8)), 1e-9);
}

TEST_F(Cuda, ProductsEqualTheCpus) {
    const Matrix a = randomMatrix(19, 33, 1), b = randomMatrix(33, 7, 2);
    EXPECT_LE(apart(backend().algebra(gpu()).multiply(a, b).values,
                    backend().algebra({}).multiply(a, b).values),
              1e-12);
}

TEST_F(Cuda, MetricFactorsReachTheSameError) {
    for (const auto& [rows, columns] : shapes()) {
        const Matrix weight = randomMatrix(rows, columns, 3);
        const auto gram = [&](std::int64_t n, std::uint64_t seed) {
            const Matrix x = randomMatrix(2 * n, n, seed);
            Matrix transposed = randomMatrix(n, 2 * n, 0);
            for (std::int64_t i = 0; i < 2 * n; ++i)
                for (std::int64_t j = 0; j < n; ++j)
                    transposed.values[static_cast<std::size_t>(j * 2 * n + i)] =
                        x.values[static_cast<std::size_t>(i * n + j)];
            return backend().algebra({}).multiply(transposed, x);
        };
        const Matrix inputs = gram(columns, 5), outputs = gram(rows, 6);
        for (const bool twoSided : {false, true}) {
            const MatrixView metric = twoSided ? MatrixView(outputs) : MatrixView();
            const auto onCpu = backend().algebra({}).metricFactors(weight, inputs, metric, 6);
            const auto onGpu = backend().algebra(gpu()).metricFactors(weight, inputs, metric, 6);
            // Vectors may differ in sign; the product does not.
            EXPECT_LE(apart(backend().algebra({}).multiply(onGpu.left, onGpu.right).values,
                            backend().algebra({}).multiply(onCpu.left, onCpu.right).values),
                      1e-8)
                << rows << ' ' << columns << ' ' << twoSided;
        }
    }
}

TEST_F(Cuda, ABasisSpansTheSame) {
    const Matrix a = randomMatrix(40, 11, 4);
    const Matrix q = backend().algebra(gpu()).orthonormalBasis(a);
    Matrix transposed{std::vector<double>(q.values.size()), q.columns, q.rows};
    for (std::int64_t i = 0; i < q.rows; ++i)
        for (std::int64_t j = 0; j < q.columns; ++j)
            transposed.values[static_cast<std::size_t>(j * q.rows + i)] =
                q.values[static_cast<std::size_t>(i * q.columns + j)];
    const Matrix again =
        backend().algebra({}).multiply(q, backend().algebra({}).multiply(transposed, a));
    EXPECT_LE(apart(again.values, a.values), 1e-12);
}

TEST_F(Cuda, QuotientsEqualTheCpus) {
    const Matrix b = randomMatrix(5, 3, 9);
    const Matrix a{{4, 1, 0, 1, 3, 1, 0, 1, 2}, 3, 3};
    EXPECT_LE(apart(backend().algebra(gpu()).divide(b, a).values,
                    backend().algebra({}).divide(b, a).values),
              1e-12);
    const Matrix indefinite{{1, 2, 0, 2, 1, 0, 0, 0, 1}, 3, 3};
    try {
        backend().algebra(gpu()).divide(b, indefinite);
        ADD_FAILURE() << "an indefinite divisor was taken";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("not positive definite"));
    }
}

/// As compress() does it: one thread per matrix.
TEST_F(Cuda, SeveralThreadsMayComputeAtOnce) {
    const Matrix weight = randomMatrix(64, 48, 3);
    const auto values = backend().algebra(gpu()).singularValues(weight).values;
    const double error = distance(weight, backend().algebra(gpu()).truncatedSvd(weight, 8));
    std::vector<double> apartBy(8, INFINITY), errors(8, INFINITY);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int round = 0; round < 5; ++round) {
                apartBy[i] = apart(backend().algebra(gpu()).singularValues(weight).values, values);
                errors[i] = distance(weight, backend().algebra(gpu()).truncatedSvd(weight, 8));
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_THAT(apartBy, testing::Each(testing::Le(1e-12)));
    EXPECT_THAT(errors, testing::Each(testing::DoubleNear(error, 1e-9 * error)));
}

class CudaStorage : public Cuda, public testing::WithParamInterface<plan::StorageChoice> {};

/// compress() itself reads every layer back and compares its error with the prediction.
TEST_P(CudaStorage, SavesLoseWhatTheCpusLose) {
    const fixtures::TempFolder folder;
    const checkpoint::Checkpoint source = demo();
    const auto plan = planOf(source, "all", 20, GetParam());
    std::map<std::string, double> errors;
    for (const bool onGpu : {false, true}) {
        compress::CompressOptions options;
        options.target = folder / (onGpu ? "gpu" : "cpu");
        const backend::Compute compute{backend(), onGpu ? gpu() : backend::Device{}};
        const auto result = compress::compress({source, plan, nullptr, compute}, options, {});
        EXPECT_TRUE(result.verified);
        for (const compress::LayerResult& layer : result.layers) {
            const auto [place, first] = errors.try_emplace(layer.name, layer.relativeError);
            EXPECT_EQ(first, !onGpu);
            EXPECT_NEAR(layer.relativeError, place->second, 1e-6) << layer.name;
        }
    }
    EXPECT_EQ(errors.size(), plan.entries.size());
}

INSTANTIATE_TEST_SUITE_P(Storage, CudaStorage,
                         testing::Values(plan::StorageChoice::Factored,
                                         plan::StorageChoice::Pivoted, plan::StorageChoice::Dense),
                         [](const auto& choice) -> std::string {
                             switch (choice.param) {
                                 case plan::StorageChoice::Factored:
                                     return "Factored";
                                 case plan::StorageChoice::Pivoted:
                                     return "Pivoted";
                                 default:
                                     return "Dense";
                             }
                         });

TEST_F(Cuda, RandomVectorsEqualTheCpus) {
    const checkpoint::Checkpoint source = demo();
    const auto plan = planOf(source, "attention", 10, plan::StorageChoice::Factored);
    const auto on = [&](const backend::Device& device) {
        const backend::Compute compute{backend(), device};
        return evaluate::randomVectors({source, plan, nullptr, compute},
                                       {.vectors = 300, .seed = 4}, {});
    };
    const auto onCpu = on({}), onGpu = on(gpu());
    ASSERT_EQ(onGpu.size(), onCpu.size());
    ASSERT_FALSE(onCpu.empty());
    for (std::size_t i = 0; i < onCpu.size(); ++i) {
        EXPECT_NEAR(onGpu[i].cosineMean, onCpu[i].cosineMean, 1e-9) << onCpu[i].name;
        EXPECT_NEAR(onGpu[i].cosinePooled, onCpu[i].cosinePooled, 1e-9) << onCpu[i].name;
        EXPECT_NEAR(onGpu[i].relativeError, onCpu[i].relativeError, 1e-9) << onCpu[i].name;
    }
}

}  // namespace
}  // namespace rankscope
