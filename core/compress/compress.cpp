// SPDX-License-Identifier: Apache-2.0
#include "core/compress/compress.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

#include "core/base/atomic_folder.h"
#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compress/checkpoint_folder.h"
#include "core/compress/layer.h"
#include "core/compress/model_config.h"
#include "core/compress/modeling_files.h"
#include "core/compress/planned_factors.h"
#include "core/compress/refine.h"
#include "core/compress/save.h"
#include "core/compress/slim_products.h"
#include "core/compress/storage_forms.h"
#include "core/compress/verify.h"
#include "core/plan/plan.h"
#include "core/plan/slim_plan.h"
#include "core/spectra/for_each_matrix.h"

namespace rankscope::compress {

namespace fs = std::filesystem;
using checkpoint::Checkpoint;

namespace {

constexpr std::size_t largestSideFile = std::size_t{256} << 20U;

/// One run of compress(): the state its steps share.
class Run {
 public:
    Run(const PlannedModel& model, const FactorSource& factors, const CompressOptions& options,
        const Progress& progress)
        : m_source(model.checkpoint),
          m_plan(model.plan),
          m_factors(factors),
          m_options(options),
          m_compute(model.compute),
          m_progress(progress) {}

    /// Bytes on disk at the fullest moment: the save and the scratch files beside it.
    std::uint64_t bytesAtMost() const {
        const auto size = [&](std::int64_t numbers, DType dtype) {
            return static_cast<std::uint64_t>(numbers) *
                   static_cast<std::uint64_t>(bitsPerElement(m_options.dtype.value_or(dtype)) / 8);
        };
        std::uint64_t bytes = 0;
        for (const checkpoint::TensorEntry& tensor : m_source.tensors())
            bytes += isWeightDType(tensor.dtype)
                         ? size(elementCount(tensor.shape).value_or(0), tensor.dtype)
                         : tensor.bytes;
        for (const plan::PlanEntry& entry : m_plan.entries)
            if (!entry.kept)
                bytes += size(std::max(entry.parametersStored, entry.parametersDense),
                              entry.matrix.dtype);
        return bytes;
    }

    void makeLayers(const fs::path& scratch) {
        std::vector<checkpoint::WeightMatrix> matrices;
        for (const plan::PlanEntry& entry : m_plan.entries) matrices.push_back(entry.matrix);
        const std::vector<std::size_t> order = spectra::largestFirst(matrices);
        m_layers.resize(order.size());
        fs::create_directory(scratch);
        std::atomic<std::size_t> finished{0};
        runInParallel(order.size(), m_compute.threads, [&](std::size_t i) {
            throwIfStopped(m_progress);
            const plan::PlanEntry& entry = m_plan.entries[order[i]];
            Layer layer =
                makeLayer(m_source, entry, m_factors, m_options.dtype, m_compute.algebra());
            std::vector<OutputTensor> written = writeScratch(layer, scratch);
            const std::lock_guard lock(m_mutex);
            m_layers[order[i]] = std::move(layer);
            m_written.insert(m_written.end(), written.begin(), written.end());
            m_progress.report(
                0.6 * static_cast<double>(++finished) / static_cast<double>(order.size()),
                "compressing " + entry.matrix.name);
        });
    }

    /// The norms that a refinement has changed.
    void writeNorms(const fs::path& scratch) {
        if (m_factors.refined() == nullptr) return;
        for (const auto& [name, values] : m_factors.refined()->norms) {
            const checkpoint::TensorEntry& entry = *m_source.findTensor(name);
            const DType dtype = m_options.dtype.value_or(entry.dtype);
            m_written.push_back(writeScratch(
                FormTensor{{name, dtype, entry.shape}, roundTo(dtype, values, name)}, scratch));
        }
    }

    /// What is expected of the written matrices of a plan by slim.
    void foretellProducts() {
        if (!plan::isSlim(m_plan)) return;
        const auto errors = productErrors(
            m_source, m_plan,
            [&](const plan::PlanEntry& entry) { return m_factors.cutMatrix(entry); },
            [&](const plan::PlanEntry& entry) {
                return m_options.dtype.value_or(entry.matrix.dtype);
            },
            m_compute);
        for (Layer& layer : m_layers) {
            const ProductError& error = errors.at(layer.result.name);
            layer.result.predictedError = error.relative;
            layer.tolerance = error.tolerance;
        }
    }

    void writeFolder(const fs::path& folder) {
        m_progress.report(0.6, "hashing the source");
        m_provenance = provenance(m_source, m_source.contentHash(SilentProgress(m_progress)),
                                  m_options, m_compute.device);
        const auto modules = lowRankModules(m_source, m_layers);
        writeNewFile(
            folder / "config.json",
            configForSave(m_source, plan::plannedConfig(m_source, m_plan), modules, m_options)
                    .dump(2) +
                "\n");
        if (needsModelingFiles(plan::plannedConfig(m_source, m_plan), modules)) {
            writeNewFile(folder / configurationFileName, configurationFile());
            writeNewFile(folder / modelingFileName, modelingFile());
        }
        for (const std::string_view name : copiedFiles())
            if (fs::exists(m_source.folder() / name))
                writeNewFile(folder / name,
                             readTextFile(m_source.folder() / name, largestSideFile));
        m_hashes = writeWeights(
            m_source, outputTensors(m_source, m_layers, std::move(m_written), m_options),
            {{"format", "pt"}, {"rankscope", m_provenance.dump()}}, folder, m_options, m_progress);
    }

    CompressResult finish(const fs::path& folder) {
        CompressResult result;
        result.layers =
            verifySave(m_source, folder, {m_plan, m_layers, m_hashes}, m_compute, m_progress);
        result.verified = true;
        Json record = saveRecord(m_provenance, m_plan, m_layers, result.layers, m_hashes);
        record["refined"] = m_factors.refined() != nullptr;
        if (m_factors.refined() != nullptr) {
            result.refinement = m_factors.refined()->blocks;
            record["refinement"] = toJson(*result.refinement);
        }
        writeNewFile(folder / "rankscope.json", record.dump(2) + "\n");
        const Checkpoint written = checkpoint::openCheckpoint(folder.string());
        result.parameters = m_plan.parameters;
        result.parameters.stored = written.parameterCount();
        result.bytesBefore = m_source.byteCount();
        result.bytesAfter = written.byteCount();
        result.warnings = m_plan.warnings;
        for (const LayerResult& layer : result.layers)
            if (!layer.note.empty())
                result.warnings.push_back(fmt::format("{}: {}", printable(layer.name), layer.note));
        if (!m_source.tiedHead() && m_source.config().scaleDecoderOutputs)
            result.warnings.emplace_back(
                "The source has its own head and scales the decoder's output; transformers 4 "
                "cannot express that, load the result with version 5.");
        return result;
    }

 private:
    const Checkpoint& m_source;
    const plan::CompressionPlan& m_plan;
    const FactorSource& m_factors;
    const CompressOptions& m_options;
    const backend::Compute& m_compute;
    const Progress& m_progress;
    std::mutex m_mutex;
    std::vector<Layer> m_layers;          // in the order of the plan's entries
    std::vector<OutputTensor> m_written;  // scratch files
    std::map<std::string, std::string> m_hashes;
    Json m_provenance;
};

}  // namespace

CompressResult compress(const PlannedModel& model, const CompressOptions& options,
                        const Progress& progress) {
    const auto start = std::chrono::steady_clock::now();
    if (model.plan.entries.empty())
        throw usageError("The plan is empty; there is nothing to compress.");
    requireCalibration(model.plan, model.calibration);
    if (options.dtype && !isWeightDType(*options.dtype))
        throw usageError(
            fmt::format("Weights cannot be written as {}.", dtypeName(*options.dtype)));
    const FactorSource factors = factorsOf(model, progress);
    AtomicFolder target(options.target, checkpointFolder, checkpoint::foldersOf(model.checkpoint),
                        options.force, progress);
    Run run(model, factors, options, progress);
    const std::uint64_t needed = spaceNeeded(run.bytesAtMost());
    requireSpace(needed, freeSpace(target.partial()), target.target());
    CompressResult result;
    try {
        const fs::path scratch = target.partial() / "scratch";
        run.makeLayers(scratch);
        run.writeNorms(scratch);
        run.foretellProducts();
        run.writeFolder(target.partial());
        fs::remove_all(scratch);
        result = run.finish(target.partial());
        throwIfStopped(progress);
    } catch (const Error& error) {
        // A failed write names a file in the partial folder; say how much the whole save needs.
        if (error.kind() != ErrorKind::Failed ||
            !error.subject().starts_with(target.partial().string()))
            throw;
        throw Error(fmt::format("{} The whole save needs {} bytes, {} are free.", error.what(),
                                needed, freeSpace(target.partial())),
                    error.subject());
    }
    target.publish(progress);
    result.path = target.target();
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

Json toJson(const CompressResult& result) {
    Json layers = Json::array();
    for (const LayerResult& layer : result.layers) {
        Json item = {{"name", layer.name},
                     {"rank", layer.rank},
                     {"storage", storageName(layer)},
                     {"kept", layer.kept},
                     {"relative_error", layer.relativeError},
                     {"predicted_error", layer.predictedError}};
        if (layer.excessError) item["excess_error"] = *layer.excessError;
        if (!layer.note.empty()) item["note"] = layer.note;
        layers.push_back(std::move(item));
    }
    Json document = {
        {"path", result.path.string()},
        {"parameters", {{"dense", result.parameters.dense}, {"stored", result.parameters.stored}}},
        {"bytes", {{"before", result.bytesBefore}, {"after", result.bytesAfter}}},
        {"layers", std::move(layers)},
        {"verified", result.verified},
        {"refined", result.refinement.has_value()},
        {"seconds", result.seconds},
        {"warnings", result.warnings}};
    if (result.refinement) document["refinement"] = toJson(*result.refinement);
    return document;
}

}  // namespace rankscope::compress
