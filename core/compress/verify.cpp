// SPDX-License-Identifier: Apache-2.0
#include "core/compress/verify.h"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/base/sha256.h"
#include "core/compress/layer.h"
#include "core/compress/slim_products.h"
#include "core/compress/storage_forms.h"
#include "core/plan/slim_plan.h"

namespace rankscope::compress {

using checkpoint::Checkpoint;
using checkpoint::Storage;
using checkpoint::TensorEntry;
using checkpoint::WeightMatrix;

namespace {

const TensorEntry& tensorOf(const Checkpoint& written, const std::string& name) {
    const TensorEntry* entry = written.findTensor(name);
    if (entry == nullptr)
        throw Error(fmt::format("The written folder lacks the tensor {}; nothing was saved.",
                                printable(name)),
                    name);
    return *entry;
}

std::vector<std::int64_t> readRows(const Checkpoint& written, const std::string& name) {
    const std::vector<std::byte> bytes = written.readBytes(tensorOf(written, name));
    std::vector<std::int64_t> rows(bytes.size() / sizeof(std::int64_t));
    std::memcpy(rows.data(), bytes.data(), rows.size() * sizeof(std::int64_t));
    return rows;
}

/// W' as a reader of the folder gets it.
Matrix readWritten(const Checkpoint& written, const WeightMatrix& matrix,
                   const backend::LinearAlgebra& algebra) {
    if (matrix.storage == Storage::Dense) return written.readMatrix(matrix);
    const std::string module = matrix.module();
    const Matrix down = written.readTensor(tensorOf(written, module + ".down.weight"));
    if (matrix.storage == Storage::Factored)
        return algebra.multiply(written.readTensor(tensorOf(written, module + ".up.weight")), down);
    Matrix mixed{{}, 0, down.columns};
    if (matrix.rank < matrix.rows)
        mixed =
            algebra.multiply(written.readTensor(tensorOf(written, module + ".mix.weight")), down);
    const std::vector<std::int64_t> rows = readRows(written, module + ".rows");
    std::vector<bool> seen(static_cast<std::size_t>(matrix.rows), false);
    for (const std::int64_t row : rows)
        if (row < 0 || row >= matrix.rows || seen[static_cast<std::size_t>(row)])
            throw Error(fmt::format("{}.rows as written is not a permutation; nothing was saved.",
                                    printable(module)),
                        module);
        else
            seen[static_cast<std::size_t>(row)] = true;
    return placeRows(down, mixed, rows);
}

/// The matrix as written. Throws Error if it is in another form than it was written.
const WeightMatrix& writtenMatrix(const Checkpoint& written, const Layer& layer,
                                  const plan::PlanEntry& entry) {
    const LayerResult& result = layer.result;
    const WeightMatrix* const after = written.findMatrix(result.name);
    // A dense tensor does not record its rank.
    bool same = after != nullptr && after->storage == result.storage &&
                (result.storage == Storage::Dense || after->rank == result.rank);
    if (same && entry.cut != plan::Cut::None)
        same = after->rows * after->columns == entry.parametersStored;
    if (!same)
        throw Error(fmt::format("{} reads back in another form than it was written; nothing was "
                                "saved.",
                                printable(result.name)),
                    result.name);
    return *after;
}

/// The result with its error. Throws Error if that is not the one foretold.
LayerResult checked(const Layer& layer, double error) {
    LayerResult result = layer.result;
    result.relativeError = error;
    if (!(std::abs(error - result.predictedError) <= layer.tolerance))
        throw Error(
            fmt::format("{}: the error of the written numbers is {:.9g}, but {:.9g} was predicted "
                        "(tolerance {:.2g}). Nothing was saved; if the plan came from a file, make "
                        "it again from this checkpoint.",
                        printable(result.name), error, result.predictedError, layer.tolerance),
            result.name);
    return result;
}

LayerResult checkLayer(const Checkpoint& source, const Checkpoint& written, const Layer& layer,
                       const plan::PlanEntry& entry, const backend::Compute& compute) {
    const WeightMatrix& after = writtenMatrix(written, layer, entry);
    const Matrix weight = source.readMatrix(entry.matrix);
    const double norm = frobeniusNorm(weight);
    const double apart = distance(weight, readWritten(written, after, compute.algebra()));
    return checked(layer, apart == 0 ? 0 : apart / norm);
}

/// All layers of a plan by slim, by the products that their matrices make.
std::vector<LayerResult> checkProducts(const Checkpoint& source, const Checkpoint& written,
                                       const ExpectedSave& expected,
                                       const backend::Compute& compute) {
    for (std::size_t i = 0; i < expected.layers.size(); ++i)
        writtenMatrix(written, expected.layers[i], expected.plan.entries[i]);
    const auto find = [&](const plan::PlanEntry& entry) -> const WeightMatrix& {
        return *written.findMatrix(entry.matrix.name);
    };
    const auto errors = productErrors(
        source, expected.plan,
        [&](const plan::PlanEntry& entry) { return written.readMatrix(find(entry)); },
        [&](const plan::PlanEntry& entry) { return find(entry).dtype; }, compute);
    std::vector<LayerResult> results;
    for (const Layer& layer : expected.layers)
        results.push_back(checked(layer, errors.at(layer.result.name).relative));
    return results;
}

void checkHashes(const Checkpoint& written, const std::map<std::string, std::string>& hashes,
                 const Progress& progress) {
    for (const auto& [name, hash] : hashes) {
        throwIfStopped(progress);
        if (sha256Hex(written.readBytes(tensorOf(written, name))) != hash)
            throw Error(fmt::format("{} reads back other bytes than were written; the disk may be "
                                    "failing. Nothing was saved.",
                                    printable(name)),
                        name);
    }
}

}  // namespace

std::vector<LayerResult> verifySave(const Checkpoint& source, const std::filesystem::path& folder,
                                    const ExpectedSave& expected, const backend::Compute& compute,
                                    const Progress& progress) {
    const Checkpoint written = checkpoint::openCheckpoint(folder.string());
    progress.report(0.8, "reading back");
    checkHashes(written, expected.hashes, progress);
    if (plan::isSlim(expected.plan)) return checkProducts(source, written, expected, compute);
    const std::vector<Layer>& layers = expected.layers;
    std::vector<LayerResult> results(layers.size());
    std::atomic<std::size_t> finished{0};
    runInParallel(layers.size(), compute.threads, [&](std::size_t i) {
        throwIfStopped(progress);
        results[i] = checkLayer(source, written, layers[i], expected.plan.entries[i], compute);
        progress.report(
            0.85 + 0.15 * static_cast<double>(++finished) / static_cast<double>(layers.size()),
            "checking " + results[i].name);
    });
    return results;
}

}  // namespace rankscope::compress
