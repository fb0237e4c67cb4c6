// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rankscope::backend {

/// The version of the PyTorch whose folder `torch` this is, e.g. "2.11.0+cu130", from its
/// version.py; empty if the folder has none.
std::string torchPackageVersion(const std::filesystem::path& torch);

/// The folder `torch` of the installed PyTorch to take LibTorch from: RANKSCOPE_TORCH if it is set,
/// else `torch` beside the backend library (a link in the build folder), else the one of the
/// site-packages that the wheel was installed into (`library` is
/// site-packages/rankscope/_program/lib/rankscope/librankscope_torch.so there). Throws Error that
/// says what to install if there is none or it is not of version `minor` ("2.11"): LibTorch's C++
/// interface changes between minor versions.
std::filesystem::path findTorchPackage(const std::filesystem::path& library,
                                       std::string_view minor);

/// Loads LibTorch, with CUDA if it has it, from that folder, so that the backend library finds it
/// in memory. Throws Error with the dynamic linker's reason.
void loadTorchPackage(const std::filesystem::path& torch);

}  // namespace rankscope::backend
