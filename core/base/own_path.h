// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace rankscope {

/// The folder above the running program's bin/: the build folder or the installation prefix.
std::filesystem::path installPrefix();

/// installPrefix()/share/rankscope/<name>, e.g. the demo model.
std::filesystem::path sharedResource(std::string_view name);

/// `path`, which came with the program; throws Error saying that the installation is broken if it
/// does not exist.
std::filesystem::path requireInstalled(std::filesystem::path path);

/// $XDG_CACHE_HOME/rankscope, or ~/.cache/rankscope; throws Error if neither is known.
std::filesystem::path cacheFolder();

}  // namespace rankscope
