// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/checkpoint_options.h"
#include "app/cli/command_line.h"
#include "core/method/calibration.h"
#include "core/method/method.h"
#include "core/plan/plan.h"

namespace rankscope::cli {

/// The calibration in a file, checked to be of this model; null if no file is named.
std::shared_ptr<const method::Calibration> usableCalibration(
    const std::string& file, const checkpoint::Checkpoint& checkpoint, const Progress& progress);

/// A plan and the calibration that it names; null if it names none.
struct PlanWithCalibration {
    plan::CompressionPlan plan;
    std::shared_ptr<const method::Calibration> calibration;
};

/// The plan in a file, with the calibration that it names. Throws Error.
PlanWithCalibration readPlanFile(const std::string& file, const checkpoint::Checkpoint& checkpoint,
                                 const Progress& progress);

/// Throws Error of kind Usage if there is no storage of that name.
plan::StorageChoice parseStorageChoice(const std::string& name);

/// The settings of methods, if they are given.
struct MethodFlags {
    std::optional<double> alpha, ridge, rarity;
    bool refit = false;

    std::vector<CLI::Option*> addTo(CLI::App& app, const char* group);
    method::MethodSettings settings(std::uint64_t seed) const;
};

/// SELECTION and RANKS: how far to compress. Exactly one target, or a plan file.
class RankOptions {
 public:
    void addTo(CLI::App& app);

    /// The plan, and the checkpoint it is for. Spectra are computed only if the target needs
    /// them; those in the cache are always used, so that errors can be shown. Throws Error.
    struct Planned {
        checkpoint::Checkpoint checkpoint;
        plan::CompressionPlan plan;
        std::shared_ptr<const method::Calibration> calibration;  ///< null: none is named
    };
    /// `opened` is called with the checkpoint before any work is done.
    using Opened = std::function<void(const checkpoint::Checkpoint&)>;
    Planned plan(const Context& context, const Opened& opened = {}) const;

 private:
    plan::RankTarget target() const;
    plan::PlanOptions planOptions(const Context& context) const;
    void planFromFile(Planned& planned, const Context& context, const Opened& opened) const;
    void planByOptions(Planned& planned, const Context& context, const Opened& opened) const;

    MatrixOptions m_matrices;
    std::string m_planFile, m_calibrationFile;
    MethodFlags m_settings;
    bool m_refine = false;
    std::int64_t m_refinePasses = method::MethodSettings().refinePasses;
    std::optional<double> m_rank, m_ratio, m_energy, m_error, m_budget;
    plan::PlanOptions m_options;
    std::string m_storage = "auto";
    std::string m_method;  ///< empty: not named
};

}  // namespace rankscope::cli
