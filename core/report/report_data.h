// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/evaluate/evaluation.h"
#include "core/evaluate/random_vectors.h"
#include "core/report/parameter_table.h"
#include "core/report/report_options.h"
#include "core/workspace/spectra_cache.h"

namespace rankscope::report {

/// Matrices of one role in one stack, summed up by medians.
struct RoleSummary {
    std::string name;  ///< e.g. "decoder cross-attention q"
    std::size_t matrices = 0;
    std::string shape;  ///< of the first
    std::int64_t fullRank = 0;
    double stableRank = 0, effectiveRank = 0;
    std::int64_t rank90 = 0, rank95 = 0, rank99 = 0;
    std::int64_t breakEvenRank = 0;
    std::int64_t postRank = 0;
    double errorAtPostRank = 0;  ///< relative Frobenius error
};

/// Everything a report says, before it has a form.
struct ReportData {
    std::int64_t rank = 0;  ///< the post's rank share in this model
    workspace::SpectraRun spectra;
    std::vector<checkpoint::WeightMatrix> matrices;  ///< in the order of spectra
    std::vector<RoleSummary> roles;
    std::vector<ParameterRow> parameters;
    std::vector<BudgetRow> budgets;
    std::vector<evaluate::RandomVectorsResult> uniform, normal;
    std::optional<evaluate::Evaluation> evaluation;
    PostComparison post;
    Json facts;  ///< systemFacts()
    std::string contentHash;
};

/// Reads and computes it all. `progress` runs from 0 to 1.
ReportData gatherReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                        const Progress& progress);

/// Up to four matrices that stand for the model: first encoder q, middle encoder o, a decoder
/// cross-attention v, last decoder wo.
std::vector<checkpoint::WeightMatrix> representativeMatrices(
    const std::vector<checkpoint::WeightMatrix>& matrices);

/// The document of `report --json` under "tables".
Json tablesJson(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                const ReportData& data);

}  // namespace rankscope::report
