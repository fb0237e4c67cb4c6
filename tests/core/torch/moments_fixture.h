// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/backend/moments.h"
#include "core/base/error.h"
#include "core/model/checkpoint_weights.h"
#include "tests/core/torch/t5_model_fixture.h"

namespace rankscope {

/// A calm golden model with the sources and targets of its cases.
struct CalmCase {
    explicit CalmCase(const std::string& kind)
        : checkpoint(goldenCheckpoint(kind)),
          cases(parseJson(fixtures::readFile(goldens / kind / "cases.json"), "cases.json")),
          calm(parseJson(fixtures::readFile(goldens / kind / "calm.json"), "calm.json")),
          config(checkpoint.config()),
          weights(checkpoint, calm.at("factors")),
          sources(idsOf(cases, "sources")),
          targets(idsOf(cases, "targets")) {}

    Checkpoint checkpoint;
    Json cases, calm;
    t5::T5Config config;
    CalmWeights weights;
    std::vector<TokenIds> sources, targets;

    std::unique_ptr<backend::Seq2Seq> model() const {
        return open(config, weights, backend::ComputeType::Float32);
    }
};

/// A source's weights with some of its matrices changed.
class Replaced : public backend::WeightSource {
 public:
    explicit Replaced(const backend::WeightSource& source) : m_source(&source) {}
    backend::LayerWeights matrix(const std::string& module) const override {
        const auto found = changed.find(module);
        return found == changed.end() ? m_source->matrix(module) : found->second;
    }
    backend::Tensor tensor(const std::string& name) const override {
        return m_source->tensor(name);
    }
    std::map<std::string, backend::LayerWeights> changed;

 private:
    const backend::WeightSource* m_source;
};

/// max |a - b| / max |b|
template <typename Expected>
double relativeDifference(const std::vector<double>& a, const Expected& b) {
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double apart = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto expected = static_cast<double>(b[i]);
        if (std::isnan(a[i])) return INFINITY;
        apart = std::max(apart, std::abs(a[i] - expected));
        largest = std::max(largest, std::abs(expected));
    }
    return apart / largest;
}

/// Seeded numbers in [-1, 1) times `scale`.
inline backend::Tensor seededTensor(std::int64_t rows, std::int64_t columns, std::uint64_t seed,
                                    double scale) {
    std::vector<double> values(static_cast<std::size_t>(rows * columns));
    for (double& value : values) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        value = scale * (static_cast<double>(seed >> 40U) * 0x1p-23 - 1);
    }
    return {DType::F32, {rows, columns}, fromFloat64(DType::F32, values)};
}

/// W of a thin layer, float64, by plain sums.
inline backend::Tensor multipliedOut(const backend::LayerWeights& thin) {
    const bool pivoted = !thin.rows.empty();
    const backend::Tensor& top = pivoted ? thin.mix : thin.up;
    const std::vector<double> a = toFloat64(top.dtype, top.bytes);
    const std::vector<double> b = toFloat64(thin.down.dtype, thin.down.bytes);
    const auto rank = static_cast<std::size_t>(thin.down.shape[0]);
    const auto in = static_cast<std::size_t>(thin.down.shape[1]);
    const std::size_t kept = pivoted ? rank : 0;
    const std::size_t out = static_cast<std::size_t>(top.shape[0]) + kept;
    std::vector<double> whole(out * in);
    for (std::size_t i = 0; i < out; ++i) {
        const std::size_t row = pivoted ? static_cast<std::size_t>(thin.rows[i]) : i;
        for (std::size_t j = 0; j < in; ++j) {
            if (i < kept) whole[row * in + j] = b[i * in + j];
            for (std::size_t k = 0; i >= kept && k < rank; ++k)
                whole[row * in + j] += a[(i - kept) * rank + k] * b[k * in + j];
        }
    }
    return {DType::F64,
            {static_cast<std::int64_t>(out), static_cast<std::int64_t>(in)},
            fromFloat64(DType::F64, whole)};
}

/// Asks to stop from the given question on.
class StopFrom : public Progress {
 public:
    explicit StopFrom(int question) : m_left(question) {}
    bool stopRequested() const override { return m_left-- <= 0; }

 private:
    mutable int m_left;
};

template <typename Work>
ErrorKind kindOfError(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::Failed;
}

}  // namespace rankscope
