// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "core/backend/backend.h"
#include "core/backend/library_abi.h"
#include "core/backend/memory_need.h"
#include "core/backend/torch_package.h"
#include "core/base/error.h"
#include "core/base/own_path.h"
#include "core/base/parallel.h"

namespace rankscope::backend {

namespace {

namespace fs = std::filesystem;

// NOLINTNEXTLINE(readability-redundant-string-init): empty if Debian's LibTorch is used
constexpr std::string_view torchMinor = RANKSCOPE_TORCH_MINOR;

constexpr const char* howToGet =
    torchMinor.empty()
        ? " On Debian, \"apt install libtorch-dev\" brings LibTorch, and \"./dev build\" builds "
          "Rankscope's library on it; if Rankscope was installed, install it again. "
          "RANKSCOPE_BACKEND may name another build of the library."
        : " Install Rankscope again, or build it with \"./dev --torch=wheel build\". "
          "RANKSCOPE_BACKEND may name another build of the library.";

fs::path libraryPath() {
    const char* chosen = std::getenv("RANKSCOPE_BACKEND");
    if (chosen != nullptr && *chosen != '\0') return chosen;
    return installPrefix() / "lib" / "rankscope" / "librankscope_torch.so";
}

/// How often an idle thread of GNU's OpenMP looks for work before it sleeps. Its default of 300,000
/// takes longer than a time slice: on a busy machine a spinning thread keeps the one that has the
/// work from running, and small products take a hundred times longer (docs/performance.md).
constexpr const char* looksBeforeSleep = "1000";

/// OpenBLAS and OpenMP read these once, while they are being loaded.
void setEnvironment(const BackendOptions& options) {
    const std::string core = openBlasCoreForThisCpu();
    if (!core.empty()) setenv("OPENBLAS_CORETYPE", core.c_str(), 0);
    // Debian's torch may start with one thread unless told; the command line wins over the
    // environment, the environment over the number of cores.
    const bool asked = options.threads > 0;
    const std::string threads = std::to_string(asked ? options.threads : availableCores());
    setenv("OMP_NUM_THREADS", threads.c_str(), asked ? 1 : 0);
    setenv("OPENBLAS_NUM_THREADS", threads.c_str(), asked ? 1 : 0);
    // The count would win over the policy, and the user's choice must stay.
    if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", looksBeforeSleep, 0);
}

MemoryNeed needed(int threads) {
    const MemoryNeed libraries = needOfLibraries(threads);
    const MemoryNeed each = needOfThreads(threads);
    return {libraries.addresses + each.addresses, libraries.data + each.data};
}

/// Says why the dynamic linker refused the library.
[[noreturn]] void refuse(const fs::path& path, const char* reason) {
    const std::string text = printable(reason == nullptr ? "" : reason, 1000);
    throwIfMemoryIsShort(text, path.string());
    throw Error("Rankscope's LibTorch library " + printable(path.string(), 1000) +
                    " cannot be loaded: " + text + "." + howToGet,
                path.string());
}

const Backend* openLibrary(const BackendOptions& options) {
    const fs::path path = libraryPath();
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        throw Error("Rankscope's LibTorch library is missing: " + printable(path.string(), 1000) +
                        " does not exist, so nothing can be computed." + howToGet,
                    path.string());
    }
    setEnvironment(options);
    const bool package = !torchMinor.empty();  // else the dynamic linker finds LibTorch
    const fs::path torch = package ? findTorchPackage(path, torchMinor) : fs::path();
    requireMemory(needed(options.threads), "LibTorch", memoryAdvice);
    if (package) loadTorchPackage(torch);
    // Local: LibTorch's symbols (protobuf among them) must not meet those of other libraries.
    // Thrown Errors still cross, because type names are compared if addresses differ.
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) refuse(path, dlerror());
    const auto factory =
        reinterpret_cast<BackendFactory>(dlsym(handle, RANKSCOPE_BACKEND_FACTORY_NAME));
    if (factory == nullptr) {
        dlclose(handle);
        throw Error(
            printable(path.string(), 1000) +
                " is not a backend library of this version of Rankscope: build it again with "
                "\"./dev build\".",
            path.string());
    }
    return factory(&options, path.c_str());
}

}  // namespace

const Backend& loadBackend(const BackendOptions& options) {
    static std::mutex mutex;
    static const Backend* loaded = nullptr;
    const std::scoped_lock lock(mutex);
    if (loaded == nullptr) loaded = openLibrary(options);
    return *loaded;
}

}  // namespace rankscope::backend
