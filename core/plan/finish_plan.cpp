// SPDX-License-Identifier: Apache-2.0
#include "core/plan/finish_plan.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/plan/stored_parameters.h"

namespace rankscope::plan {

using checkpoint::Checkpoint;
using checkpoint::Storage;

void finishPlan(const Checkpoint& checkpoint, CompressionPlan& plan) {
    ParameterCounts counts;
    counts.dense = checkpoint.denseParameterCount();
    counts.postConvention = checkpoint.parameterCount();
    for (const PlanEntry& entry : plan.entries)
        counts.postConvention -= parametersInSource(entry.matrix);
    counts.stored = counts.factored = counts.pivoted = counts.postConvention;
    plan.warnings.clear();
    std::size_t dense = 0;
    for (const PlanEntry& entry : plan.entries) {
        const auto in = [&](Storage storage) {
            return checkpoint::storedParameters(entry.matrix.rows, entry.matrix.columns, entry.rank,
                                                storage);
        };
        counts.stored += entry.parametersStored;
        counts.factored += in(Storage::Factored);
        counts.pivoted += in(Storage::Pivoted);
        if (entry.storage == Storage::Factored && !entry.kept &&
            entry.parametersStored > entry.parametersDense)
            plan.warnings.push_back(
                fmt::format("{}: two factors of rank {} are larger than the matrix ({} against {} "
                            "parameters); ranks up to {} save something.",
                            printable(entry.matrix.name), entry.rank, entry.parametersStored,
                            entry.parametersDense,
                            checkpoint::breakEvenRank(entry.matrix.rows, entry.matrix.columns)));
        if (entry.storage == Storage::Dense && !entry.kept && entry.cut == Cut::None) ++dense;
    }
    if (dense > 0)
        plan.warnings.push_back(fmt::format(
            "Dense storage, same size: {} matri{} multiplied out; nothing is saved by {}.", dense,
            dense == 1 ? "x is" : "ces are", dense == 1 ? "it" : "them"));
    plan.parameters = counts;
}

}  // namespace rankscope::plan
