// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/backend/refinement.h"
#include "core/base/error.h"

namespace rankscope::model {

/// The calls that a FakeModel got, and how it should behave.
struct FakeBehaviour {
    std::int64_t vocabulary = 1100;
    std::size_t rowsThatFit = 1000;                       ///< more at once: OutOfMemory
    std::set<std::vector<std::int32_t>> nanTargets = {};  ///< their loss is NaN
    std::vector<std::size_t> rows = {};                   ///< of each call that came through
    std::function<void()> afterCall = [] {};
};

/// Losses and summaries that follow from the ids alone, so that every batching gives the same.
class FakeModel : public backend::Seq2Seq {
 public:
    explicit FakeModel(FakeBehaviour& behaviour) : m_behaviour(behaviour) {}

    std::int64_t vocabulary() const override { return m_behaviour.vocabulary; }

    std::vector<backend::SequenceLoss> loss(std::span<const backend::TokenIds> sources,
                                            std::span<const backend::TokenIds> targets,
                                            const Progress&) override {
        count(sources.size());
        std::vector<backend::SequenceLoss> losses;
        for (std::size_t i = 0; i < sources.size(); ++i) {
            const bool bad = m_behaviour.nanTargets.contains(targets[i]);
            losses.push_back({bad ? std::numeric_limits<double>::quiet_NaN() : sum(sources[i]) / 7,
                              static_cast<std::int64_t>(targets[i].size())});
        }
        m_behaviour.afterCall();
        return losses;
    }

    std::vector<backend::GeneratedSequence> generate(std::span<const backend::TokenIds> sources,
                                                     const backend::GenerationOptions& options,
                                                     const Progress&) override {
        count(sources.size());
        std::vector<backend::GeneratedSequence> sequences;
        for (const backend::TokenIds& source : sources) {
            const auto length =
                std::min(source.size(), static_cast<std::size_t>(options.maxNewTokens));
            sequences.push_back(
                {{source.end() - static_cast<std::ptrdiff_t>(length), source.end()}, -1.5});
        }
        m_behaviour.afterCall();
        return sequences;
    }

    backend::Activations activations(std::span<const backend::TokenIds>,
                                     std::span<const backend::TokenIds>, bool) override {
        return {};
    }

    std::unique_ptr<backend::MomentCollector> collectMoments(
        const backend::MomentOptions&) override {
        return nullptr;
    }

 private:
    static double sum(const backend::TokenIds& ids) {
        double total = 0;
        for (const std::int32_t id : ids) total += id;
        return total;
    }
    void count(std::size_t rows) {
        if (rows > m_behaviour.rowsThatFit)
            throw Error("The device is out of memory.", {}, ErrorKind::OutOfMemory);
        m_behaviour.rows.push_back(rows);
    }

    FakeBehaviour& m_behaviour;
};

/// Opens FakeModels; computes nothing else.
class FakeBackend : public backend::Backend {
 public:
    explicit FakeBackend(FakeBehaviour& behaviour) : m_behaviour(behaviour) {}
    backend::BackendInfo info() const override { return {}; }
    backend::Device chooseDevice(std::string_view) const override { return {}; }
    const backend::LinearAlgebra& algebra(const backend::Device&) const override {
        throw std::logic_error("A FakeBackend has no linear algebra.");
    }
    std::unique_ptr<backend::Seq2Seq> openSeq2Seq(const t5::T5Config&, const backend::WeightSource&,
                                                  const backend::Seq2SeqOptions&,
                                                  const Progress&) const override {
        return std::make_unique<FakeModel>(m_behaviour);
    }
    std::unique_ptr<backend::LayerWalk> openLayerWalk(const t5::T5Config&,
                                                      const backend::WeightSource&,
                                                      const backend::Seq2SeqOptions&,
                                                      const backend::WalkExamples&,
                                                      const Progress&) const override {
        return nullptr;
    }
    std::unique_ptr<backend::BlockRefinement> openRefinement(const backend::RefinementTask&,
                                                             const backend::Device&,
                                                             const Progress&) const override {
        return nullptr;
    }

 private:
    FakeBehaviour& m_behaviour;
};

}  // namespace rankscope::model
