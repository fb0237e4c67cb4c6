// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/backend/backend.h"
#include "core/backend/moments.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "core/model/checkpoint_weights.h"
#include "core/t5/t5_layout.h"

namespace rankscope::compress {

/// A calibration in memory, on random tokens.
class SeenTokens : public method::Calibration {
 public:
    SeenTokens(const checkpoint::Checkpoint& model, const backend::Backend& engine) {
        std::mt19937 random(7);
        for (int i = 0; i < 12; ++i) {
            const method::CalibrationExample example = exampleOf(20 + i, 9 + i, random);
            m_record.examples.push_back(example);
            sources.push_back(example.source);
            targets.push_back(example.target);
        }
        for (int i = 0; i < 5; ++i) m_record.heldOut.push_back(exampleOf(25 + i, 11 + i, random));
        const auto network =
            engine.openSeq2Seq(model.config(), model::CheckpointWeights(model), {}, {});
        const auto collector = network->collectMoments({});
        collector->add(sources, targets, {});
        m_inputs = collector->inputs();
    }
    const method::CalibrationRecord& record() const override { return m_record; }
    std::string name() const override { return "seen tokens"; }
    backend::InputMoments inputs(const std::string& module, bool) const override {
        return m_inputs.at(t5::inputOfModule(module));
    }
    backend::GradientMoments gradients(const std::string&) const override { return {}; }

    /// Without held-out dialogues.
    void forgetHeldOut() { m_record.heldOut.clear(); }

    std::vector<backend::TokenIds> sources, targets;

 private:
    static method::CalibrationExample exampleOf(int source, int target, std::mt19937& random) {
        method::CalibrationExample example;
        for (int j = 0; j < source; ++j)
            example.source.push_back(static_cast<std::int32_t>(2 + random() % 150));
        for (int j = 0; j < target; ++j)
            example.target.push_back(static_cast<std::int32_t>(2 + random() % 150));
        example.target.push_back(1);
        return example;
    }

    method::CalibrationRecord m_record;
    std::map<std::string, backend::InputMoments> m_inputs;
};

}  // namespace rankscope::compress
