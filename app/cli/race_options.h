// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "core/method/calibration.h"
#include "core/method/method_curves.h"
#include "core/report/figure_request.h"
#include "core/report/rank_range.h"

namespace rankscope::cli {

/// The addition of `curve --calibration`: errors of all methods on real activations.
struct Race {
    std::vector<method::MethodCurve> curves;
    Json calibration;  ///< {file, samples, held_out}

    /// One row a rank, one column a method: held-out errors if there are some.
    std::string text() const;
    report::FigureRequest figure(const std::string& label) const;
};

/// --calibration, --methods, --alpha and --ridge.
class RaceOptions {
 public:
    void addTo(CLI::App& app);
    bool wanted() const { return !m_calibration.empty(); }
    /// Throws Error of kind Usage for an unknown method, or other options without --calibration.
    void check() const;
    /// The calibration, null if none is wanted. Before the work: it may be the file to write.
    std::shared_ptr<const method::Calibration> open(const checkpoint::Checkpoint& checkpoint,
                                                    const Progress& progress) const;
    /// At `range`, or if none is given at the ranks that curves have.
    Race run(const std::shared_ptr<const method::Calibration>& calibration,
             const ChosenMatrices& chosen, const std::optional<report::RankRange>& range,
             const Context& context) const;

 private:
    std::string m_calibration;
    std::vector<std::string> m_methods;
    std::optional<double> m_alpha, m_ridge;
};

}  // namespace rankscope::cli
