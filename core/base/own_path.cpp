// SPDX-License-Identifier: Apache-2.0
#include "core/base/own_path.h"

#include <cstdlib>

#include "core/base/error.h"

namespace rankscope {

std::filesystem::path installPrefix() {
    std::error_code failure;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
    if (failure) throw Error("Cannot find the program's own folder: /proc is not readable.");
    return program.parent_path().parent_path();
}

std::filesystem::path sharedResource(std::string_view name) {
    return installPrefix() / "share" / "rankscope" / name;
}

std::filesystem::path requireInstalled(std::filesystem::path path) {
    std::error_code failure;
    if (std::filesystem::exists(path, failure)) return path;
    throw Error(printable(path.string(), 4096) +
                    " is missing, which comes with Rankscope. Install Rankscope again.",
                path.string());
}

std::filesystem::path cacheFolder() {
    // The XDG base directory rule: a relative value must be ignored.
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && cache[0] == '/')
        return std::filesystem::path(cache) / "rankscope";
    if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
        return std::filesystem::path(home) / ".cache" / "rankscope";
    throw Error("No cache folder: neither XDG_CACHE_HOME nor HOME names one; set one of them.");
}

}  // namespace rankscope
