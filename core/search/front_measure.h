// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/evaluate/evaluation.h"
#include "core/evaluate/measure_run.h"
#include "core/method/calibration.h"
#include "core/model/summarization_options.h"
#include "core/text/dataset/dataset.h"
#include "core/text/rouge/rouge.h"
#include "core/text/sentences/sentences.h"

namespace rankscope::search {

/// The data that a model is measured on in place of the calibration's held-out dialogues.
struct ParetoData {
    text::Dataset dialogues;  ///< each with a reference; losses are of the first one
    model::SummarizationOptions summarization;
    bool rouge = true;        ///< generates summaries, which takes most of the time
    bool useJournal = false;  ///< go on with what an interrupted run left (docs/formats.md)
};

/// Means of F × 100, in the order of text::rougeTypes.
using RougeMeans = std::array<double, text::rougeTypes.size()>;

/// The dialogues, as tokens, that every model of a front is measured on, and their references.
class FrontMeasure {
 public:
    struct Result {
        double loss = 0;
        std::optional<RougeMeans> rouge;
    };

    /// Throws Error of kind Usage if there is no data and the calibration holds no dialogues
    /// out, and Error if the data has an example without a reference.
    FrontMeasure(const checkpoint::Checkpoint& checkpoint,
                 std::shared_ptr<const method::Calibration> calibration,
                 std::shared_ptr<const ParetoData> data, const backend::Compute& compute);

    /// Builds a model of `config` from `weights` and measures it. `plan` is what made them, for the
    /// journal (null: the dense model), `label` what progress says.
    Result measure(const t5::T5Config& config, const backend::WeightSource& weights,
                   const Json& plan, const std::string& label, const Progress& progress);

    std::string data() const;
    std::int64_t dialogues() const;

 private:
    Result measureData(std::unique_ptr<backend::Seq2Seq> model, const Json& plan,
                       const std::string& label, const Progress& progress);
    RougeMeans rougeOf(const evaluate::EvaluationRun& run) const;

    const checkpoint::Checkpoint& m_checkpoint;
    std::shared_ptr<const method::Calibration> m_calibration;
    std::shared_ptr<const ParetoData> m_data;
    const backend::Compute& m_compute;
    std::optional<text::SentenceSplitter> m_splitter;    // where ROUGE is wanted
    evaluate::EncodedData m_encoded;                     // once the first model is there
    std::vector<std::vector<std::string>> m_references;  // sentences on lines
};

}  // namespace rankscope::search
