// SPDX-License-Identifier: Apache-2.0
#include "core/spectra/compute_spectra.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <set>

#include "core/base/error.h"
#include "core/spectra/for_each_matrix.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::spectra {
namespace {

using checkpoint::WeightMatrix;

/// Counts reports; asks to stop once `stopAfter` matrices are finished.
class Watcher final : public Progress {
 public:
    explicit Watcher(std::size_t stopAfter = 1'000'000) : m_stopAfter(stopAfter) {}
    void report(double fraction, std::string_view label) const override {
        const std::scoped_lock lock(m_mutex);
        m_fractions.push_back(fraction);
        m_labels.emplace_back(label);
    }
    bool stopRequested() const override {
        const std::scoped_lock lock(m_mutex);
        return m_labels.size() >= m_stopAfter;
    }
    std::vector<double> fractions() const { return m_fractions; }
    std::vector<std::string> labels() const { return m_labels; }

 private:
    std::size_t m_stopAfter;
    mutable std::mutex m_mutex;
    mutable std::vector<double> m_fractions;
    mutable std::vector<std::string> m_labels;
};

std::vector<WeightMatrix> linearMatrices(const checkpoint::Checkpoint& checkpoint) {
    std::vector<WeightMatrix> chosen;
    for (const WeightMatrix& matrix : checkpoint.matrices())
        if (matrix.sublayer != checkpoint::Sublayer::Vocabulary) chosen.push_back(matrix);
    return chosen;
}

const backend::Backend& torch() { return backend::loadBackend({}); }

TEST(ComputeSpectra, KeepsTheOrderAndTheFrobeniusNorm) {
    const fixtures::TempFolder folder;
    const auto checkpoint =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "model").string());
    const std::vector<WeightMatrix> matrices = linearMatrices(checkpoint);
    ASSERT_EQ(matrices.size(), 2U * 7U + 2U * 11U);
    const Watcher progress;
    std::set<std::string> finished;
    const auto onFinished = [&](const Spectrum& spectrum) { finished.insert(spectrum.name()); };
    const std::vector<Spectrum> spectra =
        computeSpectra(checkpoint, matrices, onFinished, {torch(), {}, 3}, progress);
    ASSERT_EQ(spectra.size(), matrices.size());
    for (std::size_t i = 0; i < spectra.size(); ++i) {
        EXPECT_EQ(spectra[i].name(), matrices[i].name);
        EXPECT_EQ(spectra[i].size(), matrices[i].fullRank());
        double squares = 0;
        for (const double value : checkpoint.readMatrix(matrices[i]).values)
            squares += value * value;
        EXPECT_NEAR(spectra[i].frobeniusNorm(), std::sqrt(squares), 1e-12 * std::sqrt(squares));
    }
    EXPECT_EQ(finished.size(), matrices.size());
    ASSERT_EQ(progress.labels().size(), matrices.size());
    EXPECT_DOUBLE_EQ(progress.fractions().back(), 1);
    EXPECT_THAT(progress.labels().back(), testing::EndsWith("(36 of 36)"));
}

TEST(ComputeSpectra, StopsWithWhatIsFinishedReported) {
    const fixtures::TempFolder folder;
    const auto checkpoint =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "model").string());
    const std::vector<WeightMatrix> matrices = linearMatrices(checkpoint);
    const Watcher progress(5);
    std::size_t finished = 0;
    const auto onFinished = [&](const Spectrum&) { ++finished; };
    try {
        computeSpectra(checkpoint, matrices, onFinished, {torch(), {}, 1}, progress);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Interrupted);
    }
    EXPECT_EQ(finished, 5U);
}

TEST(ComputeSpectra, NamesTheTensorThatIsNotFinite) {
    const fixtures::TempFolder folder;
    const fixtures::TinyT5 model;
    const auto path = fixtures::writeTinyT5(folder / "model", model);
    std::vector<fixtures::TinyTensor> tensors = fixtures::tinyTensors(model);
    const std::string name = "decoder.block.1.layer.1.EncDecAttention.v.weight";
    for (fixtures::TinyTensor& tensor : tensors)
        if (tensor.name == name)
            tensor.values[static_cast<std::size_t>(2 * tensor.shape[1] + 5)] = std::nan("");
    fixtures::writeFile(path / "model.safetensors",
                        fixtures::safetensorsBytes(tensors, DType::F32));
    const auto checkpoint = checkpoint::openCheckpoint(path.string());
    try {
        computeSpectra(checkpoint, linearMatrices(checkpoint), {}, {torch()}, Progress());
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    testing::HasSubstr(name + ": NaN at [2, 5] (1 NaN, 0 Inf in all)"));
        EXPECT_EQ(error.subject(), name);
    }
}

TEST(RequireFinite, CountsAndNamesTheFirstPlace) {
    Matrix matrix{std::vector<double>(12, 1.0), 3, 4};
    EXPECT_NO_THROW(requireFinite(matrix, "w"));
    matrix.values[11] = std::nan("");
    matrix.values[6] = -std::numeric_limits<double>::infinity();
    matrix.values[7] = std::numeric_limits<double>::infinity();
    try {
        requireFinite(matrix, "w\n");
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("Inf at [1, 2] (1 NaN, 2 Inf in all)"));
        EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    }
}

TEST(LargestFirst, OrdersByCost) {
    std::vector<WeightMatrix> matrices(4);
    matrices[0].rows = 10, matrices[0].columns = 10;
    matrices[1].rows = 30, matrices[1].columns = 10;
    matrices[2].rows = 20, matrices[2].columns = 20;
    matrices[3].rows = 10, matrices[3].columns = 30;
    EXPECT_THAT(largestFirst(matrices), testing::ElementsAre(2, 1, 3, 0));
}

}  // namespace
}  // namespace rankscope::spectra
