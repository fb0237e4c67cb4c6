// SPDX-License-Identifier: Apache-2.0
#include "core/report/system_facts.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "core/backend/backend.h"
#include "core/base/error.h"
#include "core/base/leftovers.h"
#include "core/base/own_path.h"
#include "core/base/parallel.h"
#include "core/report/figure.h"

namespace rankscope::report {

namespace fs = std::filesystem;

namespace {

std::string cpuName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != std::string::npos)
                return printable(line.substr(colon + 2));
    return "unknown";
}

std::string environmentValue(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Json folderFacts(const fs::path& folder) {
    std::uintmax_t bytes = 0;
    std::size_t files = 0;
    std::error_code failure;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                        failure);
    for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
        std::error_code unreadable;
        if (!at->is_regular_file(unreadable) || at->is_symlink(unreadable)) continue;
        const auto size = at->file_size(unreadable);
        bytes += unreadable ? 0 : size;
        ++files;
    }
    Json leftovers = Json::array();
    for (const Leftover& leftover : findLeftoversIn(folder))
        leftovers.push_back({{"path", leftover.path.string()}, {"bytes", leftover.bytes}});
    std::error_code unreadable;
    return {{"path", folder.string()},
            {"exists", fs::exists(folder, unreadable)},
            {"files", files},
            {"bytes", bytes},
            {"leftovers", std::move(leftovers)}};
}

/// The rule of the Hugging Face libraries.
fs::path hubCache() {
    if (const std::string set = environmentValue("HF_HUB_CACHE"); !set.empty()) return set;
    if (const std::string home = environmentValue("HF_HOME"); !home.empty())
        return fs::path(home) / "hub";
    const std::string cache = environmentValue("XDG_CACHE_HOME");
    return (cache.empty() ? fs::path(environmentValue("HOME")) / ".cache" : fs::path(cache)) /
           "huggingface" / "hub";
}

Json hubFacts() {
    const fs::path folder = hubCache();
    std::size_t models = 0;
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
         at.increment(failure))
        models += at->path().filename().string().starts_with("models--") ? 1 : 0;
    std::error_code unreadable;
    return {
        {"path", folder.string()}, {"exists", fs::exists(folder, unreadable)}, {"models", models}};
}

Json torchFacts(int threads, Json& missing) {
    try {
        const backend::BackendInfo info = backend::loadBackend({.threads = threads}).info();
        if (!info.cudaReason.empty()) missing.push_back(info.cudaReason);
        return {{"available", true},
                {"library", info.libraryPath},
                {"version", info.torchVersion},
                {"blas", info.blas},
                {"blas_core", info.blasCore},
                {"blas_core_chosen", info.blasCoreChosen},
                {"threads", info.threads},
                {"cuda_built", info.cudaBuilt},
                {"gpus", info.gpus},
                {"cuda_reason", info.cudaReason}};
    } catch (const Error& problem) {
        missing.push_back(problem.what());
        return {{"available", false}, {"reason", problem.what()}, {"gpus", Json::array()}};
    }
}

}  // namespace

Json systemFacts(int threads) {
    Json missing = Json::array();
    Json torch = torchFacts(threads, missing);
    const auto window = windowProgram();
    if (!window)
        missing.push_back(
            "The window (rankscope) is not installed beside this program: no figures. Install the "
            "package rankscope, or build it with \"./dev build\".");
    Json caches = {{"spectra", Json()}, {"hub", hubFacts()}};
    try {
        caches["spectra"] = folderFacts(cacheFolder());
    } catch (const Error& problem) {
        missing.push_back(problem.what());
    }
    return {
        {"program",
         {{"version", RANKSCOPE_VERSION},
          {"build", RANKSCOPE_BUILD_TYPE},
          {"compiler", RANKSCOPE_COMPILER},
          {"prefix", installPrefix().string()}}},
        {"libtorch", std::move(torch)},
        {"hdf5", {{"version", RANKSCOPE_HDF5_VERSION}}},
        {"cpu",
         {{"name", cpuName()},
          {"cores", availableCores()},
          {"openblas_core_advised", backend::openBlasCoreForThisCpu()}}},
        {"caches", std::move(caches)},
        {"window", {{"available", window.has_value()}, {"path", window ? window->string() : ""}}},
        {"missing", std::move(missing)}};
}

}  // namespace rankscope::report
