// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/compress/compress_options.h"
#include "core/compress/layer.h"
#include "core/plan/plan.h"

namespace rankscope::compress {

/// A module that the save holds in low rank.
struct LowRankModule {
    checkpoint::Storage storage = checkpoint::Storage::Factored;
    std::int64_t rank = 0;
};

/// Every low-rank module of the save by name, including those that the source already held.
std::map<std::string, LowRankModule> lowRankModules(const checkpoint::Checkpoint& source,
                                                    const std::vector<Layer>& layers);

/// True if the save is no plain T5: it has low-rank modules, or sizes of its own for every layer.
bool needsModelingFiles(const t5::T5Config& made,
                        const std::map<std::string, LowRankModule>& modules);

/// config.json of the save: the source's with the sizes of `made` (plan::plannedConfig()); plain
/// T5 unless needsModelingFiles(), else "rankscope_t5" with auto_map (docs/formats.md).
Json configForSave(const checkpoint::Checkpoint& source, const t5::T5Config& made,
                   const std::map<std::string, LowRankModule>& modules,
                   const CompressOptions& options);

/// Provenance: source with hash, program, options, seed, command.
Json provenance(const checkpoint::Checkpoint& source, const std::string& sourceHash,
                const CompressOptions& options, const backend::Device& device);

/// rankscope.json: provenance and one record per chosen matrix. Hashes are those of the written
/// tensors.
Json saveRecord(const Json& provenance, const plan::CompressionPlan& plan,
                const std::vector<Layer>& layers, const std::vector<LayerResult>& results,
                const std::map<std::string, std::string>& hashes);

/// Tokenizer and generation files of the source that are copied into the save unchanged.
std::span<const std::string_view> copiedFiles();

}  // namespace rankscope::compress
