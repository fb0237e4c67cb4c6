// SPDX-License-Identifier: Apache-2.0
#include "core/torch/torch_backend.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "core/backend/library_abi.h"
#include "core/backend/memory_need.h"
#include "core/base/parallel.h"
#include "core/torch/linear_algebra/blas_buffers.h"
#include "core/torch/linear_algebra/decomposition.h"
#include "core/torch/linear_algebra/lapack.h"
#include "core/torch/linear_algebra/metric_factors.h"
#include "core/torch/linear_algebra/pivot.h"
#include "core/torch/linear_algebra/tensors.h"
#include "core/torch/linear_algebra/torch_errors.h"
#include "core/torch/moments/layer_walk.h"
#include "core/torch/refine/block_refinement.h"
#include "core/torch/torch_seq2seq.h"

namespace rankscope::torch_backend {

namespace {

/// True if the LibTorch in use has its CUDA half. at::hasCUDA() is false also if only the GPU is
/// missing.
bool builtWithCuda() {
    static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_NOLOAD) != nullptr;
    return loaded || at::hasCUDA();
}

/// Why CUDA is not usable, a sentence; empty if it is.
std::string cudaReason() {
    if (!builtWithCuda()) {
        return "This LibTorch (" TORCH_VERSION
               ") was built without CUDA; PyTorch's own package from PyPI has it.";
    }
    if (torch::cuda::device_count() == 0) {
        return "LibTorch has CUDA but finds no GPU: no NVIDIA driver is loaded, or "
               "CUDA_VISIBLE_DEVICES hides the devices.";
    }
    return {};
}

/// Name of a GPU by the driver's own interface; LibTorch has none without CUDA headers.
std::string gpuName(int index) {
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    char name[256] = "";
    if (driver != nullptr) {
        using Get = int(int*, int);
        using GetName = int(char*, int, int);
        const auto get = reinterpret_cast<Get*>(dlsym(driver, "cuDeviceGet"));
        const auto getName = reinterpret_cast<GetName*>(dlsym(driver, "cuDeviceGetName"));
        int device = 0;
        if (get == nullptr || getName == nullptr || get(&device, index) != 0 ||
            getName(name, sizeof name, device) != 0)
            name[0] = '\0';
        dlclose(driver);
    }
    return name[0] == '\0' ? "cuda:" + std::to_string(index) : std::string(name);
}

}  // namespace

TorchBackend::TorchBackend(const backend::BackendOptions& options, std::string libraryPath)
    : m_libraryPath(std::move(libraryPath)) {
    const char* core = std::getenv("OPENBLAS_CORETYPE");
    m_blasCoreChosen = core == nullptr ? "" : core;
    if (options.threads > 0) at::set_num_threads(options.threads);
    if (!memoryLimits().empty()) {
        requireMemory(backend::needOfThreads(options.threads), "Computing with LibTorch",
                      backend::memoryAdvice);
        const int threads = options.threads > 0 ? options.threads : availableCores();
        reserveBlasBuffers(std::min(threads, availableCores()) + 1);
    }
}

backend::BackendInfo TorchBackend::info() const {
    backend::BackendInfo info;
    info.libraryPath = m_libraryPath;
    info.torchVersion = TORCH_VERSION;
    info.blas = openBlasVersion();
    if (info.blas.empty()) info.blas = at::hasMKL() ? "MKL" : "unknown BLAS";
    info.blasCore = openBlasCore();
    info.blasCoreChosen = info.blasCore.empty() ? "" : m_blasCoreChosen;
    info.threads = at::get_num_threads();
    info.cudaBuilt = builtWithCuda();
    info.cudaReason = cudaReason();
    if (info.cudaReason.empty()) {
        // The count's type differs between versions of LibTorch.
        const int count = static_cast<int>(torch::cuda::device_count());
        for (int i = 0; i < count; ++i) info.gpus.push_back(gpuName(i));
    }
    return info;
}

backend::Device TorchBackend::chooseDevice(std::string_view name) const {
    if (name == "cpu") return {};
    if (name == "auto") return {.cuda = cudaReason().empty(), .index = 0};
    int index = 0;
    bool valid = name == "cuda";
    if (name.starts_with("cuda:")) {
        const std::string_view digits = name.substr(5);
        const auto [end, code] =
            std::from_chars(digits.data(), digits.data() + digits.size(), index);
        valid = code == std::errc() && end == digits.data() + digits.size() && index >= 0;
    }
    if (!valid) {
        throw usageError("\"" + printable(name) +
                         "\" is not a device: use auto, cpu, cuda or cuda:N with N from 0.");
    }
    if (const std::string reason = cudaReason(); !reason.empty())
        throw Error("CUDA cannot be used. " + reason + " Use --device cpu.", std::string(name));
    const auto count = static_cast<int>(torch::cuda::device_count());
    if (index >= count) {
        throw usageError("There is no GPU " + std::to_string(index) + ": this machine has " +
                         std::to_string(count) + ", counted from 0.");
    }
    return {.cuda = true, .index = index};
}

/// On a GPU it decomposes a small matrix first. LibTorch loads its decompositions for GPUs at the
/// first call, and fails if several threads make that call at once: "lazy wrapper should be called
/// at most once" (PyTorch issue 90613). algebra() makes one object at a time.
TorchLinearAlgebra::TorchLinearAlgebra(const backend::Device& device) : m_device(device) {
    if (!device.cuda) return;
    const Matrix unit{.values = {1, 0, 0, 1}, .rows = 2, .columns = 2};
    torch_backend::singularValues(unit, device);
}

Matrix TorchLinearAlgebra::multiply(const MatrixView& a, const MatrixView& b) const {
    if (a.columns != b.rows) {
        throw Error("A matrix with " + std::to_string(a.columns) +
                    " columns cannot be multiplied by one with " + std::to_string(b.rows) +
                    " rows.");
    }
    return onOneCore("A product", m_device, [&] {
        return toMatrix(at::matmul(toTensor(a, m_device), toTensor(b, m_device)));
    });
}

backend::SingularValues TorchLinearAlgebra::singularValues(const MatrixView& weight) const {
    return torch_backend::singularValues(weight, m_device);
}

backend::Factors TorchLinearAlgebra::truncatedSvd(const MatrixView& weight,
                                                  std::int64_t rank) const {
    return torch_backend::truncatedSvd(weight, rank, m_device);
}

backend::SingularFactors TorchLinearAlgebra::singularFactors(const MatrixView& a) const {
    return torch_backend::singularFactors(a, m_device);
}

backend::Factors TorchLinearAlgebra::metricFactors(const MatrixView& weight,
                                                   const MatrixView& inputs,
                                                   const MatrixView& outputs,
                                                   std::int64_t rank) const {
    return torch_backend::metricFactors(weight, inputs, outputs, rank, m_device);
}

Matrix TorchLinearAlgebra::orthonormalBasis(const MatrixView& a) const {
    return torch_backend::orthonormalBasis(a, m_device);
}

Matrix TorchLinearAlgebra::divide(const MatrixView& b, const MatrixView& a) const {
    return torch_backend::divide(b, a, m_device);
}

backend::PivotedFactors TorchLinearAlgebra::pivot(const backend::Factors& factors) const {
    return torch_backend::pivot(factors);
}

const backend::LinearAlgebra& TorchBackend::algebra(const backend::Device& device) const {
    const std::lock_guard lock(m_mutex);
    return m_algebras.try_emplace(device.name(), device).first->second;
}

std::unique_ptr<backend::Seq2Seq> TorchBackend::openSeq2Seq(const t5::T5Config& config,
                                                            const backend::WeightSource& source,
                                                            const backend::Seq2SeqOptions& options,
                                                            const Progress& progress) const {
    return torch_backend::openSeq2Seq(config, source, options, progress);
}

std::unique_ptr<backend::LayerWalk> TorchBackend::openLayerWalk(
    const t5::T5Config& config, const backend::WeightSource& source,
    const backend::Seq2SeqOptions& options, const backend::WalkExamples& examples,
    const Progress& progress) const {
    return torch_backend::openLayerWalk(config, source, options, examples, progress);
}

std::unique_ptr<backend::BlockRefinement> TorchBackend::openRefinement(
    const backend::RefinementTask& task, const backend::Device& device,
    const Progress& progress) const {
    return torch_backend::openRefinement(task, device, progress);
}

}  // namespace rankscope::torch_backend

extern "C" __attribute__((visibility("default"))) rankscope::backend::Backend*
RANKSCOPE_BACKEND_FACTORY(const rankscope::backend::BackendOptions* options,
                          const char* libraryPath) {
    static rankscope::torch_backend::TorchBackend backend(*options, libraryPath);
    return &backend;
}
