// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/backend/device.h"
#include "core/backend/linear_algebra.h"
#include "core/backend/seq2seq.h"
#include "core/base/option.h"
#include "core/base/tensor_view.h"
#include "core/t5/t5_config.h"

namespace rankscope::backend {

/// The settings in force once LibTorch is loaded; `doctor` shows them.
struct BackendInfo {
    std::string libraryPath;     ///< of our backend library
    std::string torchVersion;    ///< e.g. "1.13.1"
    std::string blas;            ///< e.g. "OpenBLAS 0.3.21"
    std::string blasCore;        ///< openblas_get_corename(); empty for other BLAS
    std::string blasCoreChosen;  ///< OPENBLAS_CORETYPE when it was loaded; empty for other BLAS
    int threads = 1;             ///< ATen's
    bool cudaBuilt = false;
    std::vector<std::string> gpus;  ///< names of usable CUDA devices
    std::string cudaReason;         ///< why CUDA is not usable, a sentence; empty if it is
};

class LayerWalk;        // moments.h
struct WalkExamples;    // moments.h
class BlockRefinement;  // refinement.h
struct RefinementTask;  // refinement.h

/// Everything that LibTorch computes for the rest of the program. Torch-free interface, implemented
/// by the library that loadBackend() opens.
class Backend {
 public:
    virtual ~Backend();

    virtual BackendInfo info() const = 0;

    /// Turns "auto|cpu|cuda[:N]" into a device. "auto" takes CUDA if it is usable. Throws Error
    /// saying why if CUDA was asked for and is not usable.
    virtual Device chooseDevice(std::string_view name) const = 0;

    /// Linear algebra on that device; lives as long as the backend.
    virtual const LinearAlgebra& algebra(const Device& device) const = 0;

    /// Builds a T5 from the weights of `source`, read one after the other. Throws Error naming the
    /// tensor whose shape or type does not fit `config`.
    virtual std::unique_ptr<Seq2Seq> openSeq2Seq(const t5::T5Config& config,
                                                 const WeightSource& source,
                                                 const Seq2SeqOptions& options,
                                                 const Progress& progress) const = 0;

    /// Walks a T5 and its compressed twin over these examples, teacher-forced, group of layers by
    /// group of layers (moments.h). Layers are read from `source` when they are met: it must
    /// outlive the walk. Memory: two models' hidden states of all examples, two layers' weights.
    virtual std::unique_ptr<LayerWalk> openLayerWalk(const t5::T5Config& config,
                                                     const WeightSource& source,
                                                     const Seq2SeqOptions& options,
                                                     const WalkExamples& examples,
                                                     const Progress& progress) const = 0;

    /// Trains a compressed T5 block by block (refinement.h), in float32. Memory: two models' hidden
    /// states of all dialogues, one block's weights, and the inner values of a step.
    virtual std::unique_ptr<BlockRefinement> openRefinement(const RefinementTask& task,
                                                            const Device& device,
                                                            const Progress& progress) const = 0;
};

/// The device and threads of a long computation.
struct Compute {
    const Backend& backend;
    Device device = {};
    int threads = 0;  ///< matrices worked on at once; 0: all cores

    const LinearAlgebra& algebra() const { return backend.algebra(device); }
};

/// The options --device and --threads.
const Option& deviceOption();
const Option& threadsOption();

/// Settings that must be known before LibTorch is loaded.
struct BackendOptions {
    int threads = 0;  ///< 0: all cores this process may use
};

/// Opens the backend library (dlopen on the first call; later calls return the same object). Sets
/// OPENBLAS_CORETYPE by CPUID before, unless the user has set it. Throws Error saying what is
/// missing and how to get it.
const Backend& loadBackend(const BackendOptions& options);

/// The OPENBLAS_CORETYPE that suits this CPU ("SkylakeX", "Haswell", "Zen", or "" for no advice).
std::string openBlasCoreForThisCpu();

}  // namespace rankscope::backend
