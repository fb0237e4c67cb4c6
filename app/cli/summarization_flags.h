// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli/command_line.h"
#include "core/model/summarization_options.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::cli {

/// --preset, --beams … --compute: how a text becomes a summary. A preset decides only what is not
/// given by itself.
class SummarizationFlags {
 public:
    void addTo(CLI::App& app);
    /// Throws a usage Error if the options contradict each other.
    model::SummarizationOptions options() const;

 private:
    static CLI::Option* add(CLI::App& app, const char* name, std::int64_t& value);

    std::string m_preset = "card", m_earlyStopping, m_compute = "float32";
    std::optional<double> m_lengthPenalty;
    model::SummarizationOptions m_given;
    CLI::Option *m_beams = nullptr, *m_least = nullptr, *m_most = nullptr, *m_ngram = nullptr;
};

/// --metrics, a comma list in any order.
CLI::Option* addMetrics(CLI::App& app, std::string_view help, std::string& value);

/// --data, --source-field, --target-field, --split and --limit.
class DatasetFlags {
 public:
    void addTo(CLI::App& app);
    bool given() const { return !m_file.empty(); }
    /// Reads --data, or `otherwise` if it is not given. The first bad rows are named to
    /// `progress`.
    text::Dataset read(const std::filesystem::path& otherwise, bool needReferences,
                       const Progress& progress) const;

 private:
    std::string m_file;
    text::DatasetOptions m_options;
};

}  // namespace rankscope::cli
