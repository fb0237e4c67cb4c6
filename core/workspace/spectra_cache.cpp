// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/spectra_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <random>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/leftovers.h"
#include "core/base/output_claim.h"
#include "core/base/own_path.h"
#include "core/base/parallel.h"
#include "core/spectra/compute_spectra.h"
#include "core/workspace/spectra_file.h"

namespace rankscope::workspace {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using SpectraByName = std::map<std::string, spectra::Spectrum>;

constexpr std::uint64_t largestCacheFile = std::uint64_t{1} << 30U;

fs::path spectraFolder() { return cacheFolder() / "spectra"; }

SpectraFile readSpectraFile(const fs::path& path) {
    const FileHandle file = openForReading(path);
    const std::uint64_t size = stampOf(file, path).size;
    if (size > largestCacheFile)
        throw Error(printable(path.string(), 1000) + " is too large for a file of spectra.");
    std::vector<std::byte> bytes(size);
    readExactly(file, bytes, 0, path);
    return decodeSpectra(bytes, printable(path.string(), 1000));
}

/// Cache files of this state of the checkpoint, by name, the oldest first; without those that the
/// user wants replaced.
std::vector<fs::path> filesFor(const std::string& fingerprint) {
    std::vector<fs::path> files;
    std::error_code code;
    for (fs::directory_iterator entry(spectraFolder(), code), end; !code && entry != end;
         entry.increment(code)) {
        const fs::path& path = entry->path();
        const auto identity = identityOf(path);
        if (path.extension() == ".h5" && path.filename().string().starts_with(fingerprint + "-") &&
            !(identity && claimedOutput(*identity)))
            files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    return files;
}

void moveAside(const fs::path& path, const std::string& reason, const Progress& progress) {
    fs::path aside = path;
    aside += ".damaged";
    std::error_code code;
    fs::rename(path, aside, code);
    progress.warn(reason +
                  (code ? " It could not be moved aside: " + code.message() + "."
                        : " It was renamed to " + printable(aside.filename().string(), 1000) +
                              "; its spectra are computed again."));
}

/// The spectra cached for exactly these tensors; other names and shapes are skipped.
SpectraByName readCache(const checkpoint::Checkpoint& checkpoint, const Progress& progress) {
    SpectraByName known;
    const std::string fingerprint = checkpoint.fingerprint();
    for (const fs::path& path : filesFor(fingerprint)) {
        try {
            SpectraFile file = readSpectraFile(path);
            if (file.fingerprint != fingerprint)
                throw Error(printable(path.string(), 1000) + " belongs to another checkpoint.");
            for (spectra::Spectrum& spectrum : file.spectra) {
                const checkpoint::WeightMatrix* matrix = checkpoint.findMatrix(spectrum.name());
                if (matrix != nullptr && matrix->rows == spectrum.rows() &&
                    matrix->columns == spectrum.columns())
                    known.insert_or_assign(spectrum.name(), std::move(spectrum));
            }
        } catch (const Error& error) {
            moveAside(path, error.what(), progress);
        }
    }
    return known;
}

/// The file of one run: rewritten under the same name while spectra come in, so that a killed run
/// loses only its last seconds. Trouble is a warning, once.
class RunCache {
 public:
    RunCache(const checkpoint::Checkpoint& checkpoint, const Progress& progress)
        : m_progress(progress) {
        m_content.fingerprint = checkpoint.fingerprint();
        m_content.label = checkpoint.label();
        const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
        m_name = fmt::format("{}-{:013}-{}-{:08x}.h5", m_content.fingerprint, time, getpid(),
                             std::random_device()());
    }

    void add(const spectra::Spectrum& spectrum) {
        m_content.spectra.push_back(spectrum);
        m_changed = true;
        if (Clock::now() - m_saved > std::chrono::seconds(5)) save();
    }

    void save() {
        if (!m_changed || m_failed) return;
        try {
            fs::create_directories(spectraFolder());
            if (m_saves++ == 0) removeLeftoversIn(spectraFolder(), m_progress);
            writeSpectraFile(spectraFolder() / m_name, m_content);
        } catch (const std::exception& error) {
            m_failed = true;
            m_progress.warn(std::string("The spectra could not be cached: ") + error.what());
        }
        m_changed = false;
        m_saved = Clock::now();
    }

 private:
    const Progress& m_progress;
    SpectraFile m_content;
    std::string m_name;
    Clock::time_point m_saved = Clock::now();
    int m_saves = 0;
    bool m_changed = false;
    bool m_failed = false;
};

/// Computes the missing spectra and notes the device in `run`; finished ones are cached however
/// this ends.
std::vector<spectra::Spectrum> computeMissing(const checkpoint::Checkpoint& checkpoint,
                                              const std::vector<checkpoint::WeightMatrix>& missing,
                                              const SpectraRequest& request, SpectraRun& run,
                                              const Progress& progress) {
    const backend::Backend& backend = backend::loadBackend({.threads = request.threads});
    RunCache cache(checkpoint, progress);
    const backend::Compute compute{backend, backend.chooseDevice(request.device), run.threads};
    const auto onFinished = [&](const spectra::Spectrum& spectrum) {
        if (request.useCache) cache.add(spectrum);
        if (request.onFinished) request.onFinished(spectrum);
    };
    run.device = compute.device.name();
    try {
        auto spectra = spectra::computeSpectra(checkpoint, missing, onFinished, compute, progress);
        cache.save();
        return spectra;
    } catch (...) {
        cache.save();
        throw;
    }
}

}  // namespace

SpectraRun loadOrComputeSpectra(const checkpoint::Checkpoint& checkpoint,
                                std::span<const checkpoint::WeightMatrix> matrices,
                                const SpectraRequest& request, const Progress& progress) {
    const Clock::time_point start = Clock::now();
    SpectraRun run;
    run.threads = request.threads > 0 ? request.threads : availableCores();
    run.device = "cache";
    SpectraByName known;
    if (request.useCache) known = readCachedSpectra(checkpoint, progress);
    std::vector<checkpoint::WeightMatrix> missing;
    for (const checkpoint::WeightMatrix& matrix : matrices) {
        const auto found = known.find(matrix.name);
        if (found == known.end()) {
            missing.push_back(matrix);
            continue;
        }
        ++run.fromCache;
        if (request.onFinished) request.onFinished(found->second);
    }
    if (!missing.empty()) {
        throwIfStopped(progress);
        for (spectra::Spectrum& spectrum :
             computeMissing(checkpoint, missing, request, run, progress)) {
            const std::string name = spectrum.name();
            known.insert_or_assign(name, std::move(spectrum));
        }
    }
    for (const checkpoint::WeightMatrix& matrix : matrices)
        run.spectra.push_back(known.at(matrix.name));
    run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return run;
}

SpectraByName readCachedSpectra(const checkpoint::Checkpoint& checkpoint,
                                const Progress& progress) {
    try {
        return readCache(checkpoint, progress);
    } catch (const Error& error) {  // no home folder: nothing can have been cached
        progress.warn(error.what());
        return {};
    }
}

void writeSpectraHdf5(const std::filesystem::path& path, const checkpoint::Checkpoint& checkpoint,
                      std::span<const spectra::Spectrum> spectra) {
    writeSpectraFile(path, {.fingerprint = checkpoint.fingerprint(),
                            .label = checkpoint.label(),
                            .spectra = {spectra.begin(), spectra.end()}});
}

}  // namespace rankscope::workspace
