// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/base/json.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/safetensors.h"
#include "core/model/checkpoint_weights.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope {

using backend::Activations;
using backend::TokenIds;
using checkpoint::Checkpoint;

inline const std::filesystem::path goldens = GOLDEN_FOLDER;

inline const backend::Backend& engine() { return backend::loadBackend({.threads = 2}); }

/// The model on the CPU with two threads.
inline std::unique_ptr<backend::Seq2Seq> open(const t5::T5Config& config,
                                              const backend::WeightSource& source,
                                              backend::ComputeType compute) {
    return engine().openSeq2Seq(config, source, {.device = {}, .compute = compute}, {});
}

inline std::unique_ptr<backend::Seq2Seq> open(
    const Checkpoint& checkpoint, backend::ComputeType compute = backend::ComputeType::Float32) {
    return open(checkpoint.config(), model::CheckpointWeights(checkpoint), compute);
}

inline std::vector<TokenIds> idsOf(const Json& cases, const char* key) {
    return cases.at(key).get<std::vector<TokenIds>>();
}

/// The tensors of a file of goldens as float32.
class Golden {
 public:
    explicit Golden(const std::filesystem::path& path) {
        const FileHandle file = openForReading(path);
        for (const auto& entry : checkpoint::readSafetensorsHeader(file, path).tensors) {
            std::vector<std::byte> bytes(entry.bytes);
            readExactly(file, bytes, entry.offset, path);
            const std::vector<double> wide = toFloat64(entry.dtype, bytes);
            m_tensors[entry.name] = {wide.begin(), wide.end()};
        }
    }
    const std::vector<float>& at(const std::string& name) const { return m_tensors.at(name); }
    const std::map<std::string, std::vector<float>>& all() const { return m_tensors; }

 private:
    std::map<std::string, std::vector<float>> m_tensors;
};

inline double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return INFINITY;
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double apart = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        largest = std::isnan(apart) ? INFINITY : std::max(largest, apart);
    }
    return largest;
}

inline double largestDifference(const Activations& a, const Activations& b) {
    double largest = largestDifference(a.logits, b.logits);
    for (std::size_t i = 0; i < a.encoder.size(); ++i)
        largest = std::max(largest, largestDifference(a.encoder[i], b.encoder.at(i)));
    for (std::size_t i = 0; i < a.decoder.size(); ++i)
        largest = std::max(largest, largestDifference(a.decoder[i], b.decoder.at(i)));
    return largest;
}

inline Checkpoint goldenCheckpoint(const std::string& kind) {
    return checkpoint::openCheckpoint((goldens / kind).string());
}

/// A checkpoint's weights with some of them changed.
class ChangedWeights : public backend::WeightSource {
 public:
    explicit ChangedWeights(const Checkpoint& checkpoint) : m_source(checkpoint) {}
    backend::LayerWeights matrix(const std::string& module) const override {
        const auto found = changed.find(module);
        return found == changed.end() ? m_source.matrix(module) : found->second;
    }
    backend::Tensor tensor(const std::string& name) const override {
        const auto found = changedTensors.find(name);
        return found == changedTensors.end() ? m_source.tensor(name) : found->second;
    }

    std::map<std::string, backend::LayerWeights> changed;
    std::map<std::string, backend::Tensor> changedTensors;

 private:
    model::CheckpointWeights m_source;
};

/// A golden checkpoint's weights made smaller as calm.json says, matrices and tables by powers of
/// two.
class CalmWeights : public backend::WeightSource {
 public:
    CalmWeights(const Checkpoint& checkpoint, const Json& factors)
        : m_source(checkpoint), m_factors(factors) {}
    backend::LayerWeights matrix(const std::string& module) const override {
        backend::LayerWeights weights = m_source.matrix(module);
        weights.dense = scaled(std::move(weights.dense), module + ".weight");
        return weights;
    }
    backend::Tensor tensor(const std::string& name) const override {
        return scaled(m_source.tensor(name), name);
    }

 private:
    backend::Tensor scaled(backend::Tensor tensor, const std::string& name) const {
        for (const auto& [end, factor] : m_factors.items()) {
            if (!name.ends_with(end)) continue;
            std::vector<double> values = toFloat64(tensor.dtype, tensor.bytes);
            for (double& value : values) value *= factor.get<double>();
            tensor.bytes = fromFloat64(DType::F32, values);
            tensor.dtype = DType::F32;
        }
        return tensor;
    }

    model::CheckpointWeights m_source;
    Json m_factors;
};

}  // namespace rankscope
