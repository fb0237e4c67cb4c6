// SPDX-License-Identifier: Apache-2.0
#include "core/backend/torch_package.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "core/backend/memory_need.h"
#include "core/base/error.h"

namespace rankscope::backend {

namespace {

namespace fs = std::filesystem;

std::string installCommand(std::string_view minor) {
    return fmt::format("pip install \"torch=={}.*\"", minor);
}

/// "2.11" of "2.11.0+cu130".
std::string_view minorOf(std::string_view version) {
    const auto dot = version.find('.');
    return dot == std::string_view::npos ? version : version.substr(0, version.find('.', dot + 1));
}

fs::path firstWithVersion(const fs::path& library) {
    const fs::path folder = library.parent_path();
    // site-packages / rankscope / _program / lib / rankscope
    const fs::path sitePackages = folder.parent_path().parent_path().parent_path().parent_path();
    for (const fs::path& torch : {folder / "torch", sitePackages / "torch"})
        if (!torchPackageVersion(torch).empty()) return torch;
    return {};
}

}  // namespace

std::string torchPackageVersion(const fs::path& torch) {
    std::ifstream file(torch / "version.py");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("__version__")) continue;
        const auto start = line.find_first_of("'\"");
        const auto end = start == std::string::npos ? start : line.find(line[start], start + 1);
        if (end == std::string::npos) return {};
        return printable(line.substr(start + 1, end - start - 1), 60);
    }
    return {};
}

fs::path findTorchPackage(const fs::path& library, std::string_view minor) {
    const char* set = std::getenv("RANKSCOPE_TORCH");
    const bool named = set != nullptr && *set != '\0';
    fs::path torch = named ? fs::path(set) : firstWithVersion(library);
    const std::string shown = printable(torch.string(), 1000);
    const std::string version = torch.empty() ? std::string() : torchPackageVersion(torch);
    if (named && version.empty())
        throw Error(fmt::format("RANKSCOPE_TORCH names {}, which is not the folder \"torch\" of an "
                                "installed PyTorch (it holds no version.py). Set it to that "
                                "folder, or run {} in Rankscope's environment.",
                                shown, installCommand(minor)),
                    shown);
    if (version.empty())
        throw Error(fmt::format("PyTorch {0} is not installed beside Rankscope, so nothing can be "
                                "computed. Run {1} in the same environment, or set "
                                "RANKSCOPE_TORCH to the folder \"torch\" of another one.",
                                minor, installCommand(minor)),
                    library.string());
    if (minorOf(version) != minor)
        throw Error(fmt::format("The PyTorch in {} is {}, but this Rankscope is built for {}. Run "
                                "{}, or install the Rankscope that is built for {}.",
                                shown, version, minor, installCommand(minor), minorOf(version)),
                    shown);
    return torch;
}

void loadTorchPackage(const fs::path& torch) {
    // Its own run paths find the rest, CUDA's libraries included.
    const fs::path library = torch / "lib" / "libtorch.so";
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) return;
    const char* reason = dlerror();
    const std::string text = printable(reason == nullptr ? "" : reason, 1000);
    throwIfMemoryIsShort(text, library.string());
    throw Error(fmt::format("PyTorch's library {} cannot be loaded: {}. Install PyTorch again with "
                            "all it depends on.",
                            printable(library.string(), 1000), text),
                library.string());
}

}  // namespace rankscope::backend
