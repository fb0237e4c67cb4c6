// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/backend/backend.h"

namespace rankscope::torch_backend {

/// backend::LinearAlgebra on LibTorch; see there for what each function does.
class TorchLinearAlgebra final : public backend::LinearAlgebra {
 public:
    explicit TorchLinearAlgebra(const backend::Device& device);

    backend::SingularValues singularValues(const MatrixView& weight) const override;
    backend::Factors truncatedSvd(const MatrixView& weight, std::int64_t rank) const override;
    backend::SingularFactors singularFactors(const MatrixView& a) const override;
    backend::Factors metricFactors(const MatrixView& weight, const MatrixView& inputs,
                                   const MatrixView& outputs, std::int64_t rank) const override;
    Matrix orthonormalBasis(const MatrixView& a) const override;
    Matrix divide(const MatrixView& b, const MatrixView& a) const override;
    backend::PivotedFactors pivot(const backend::Factors& factors) const override;
    Matrix multiply(const MatrixView& a, const MatrixView& b) const override;

 private:
    backend::Device m_device;
};

/// backend::Backend on LibTorch; see there for what each function does.
class TorchBackend final : public backend::Backend {
 public:
    TorchBackend(const backend::BackendOptions& options, std::string libraryPath);

    backend::BackendInfo info() const override;
    backend::Device chooseDevice(std::string_view name) const override;
    const backend::LinearAlgebra& algebra(const backend::Device& device) const override;
    std::unique_ptr<backend::Seq2Seq> openSeq2Seq(const t5::T5Config& config,
                                                  const backend::WeightSource& source,
                                                  const backend::Seq2SeqOptions& options,
                                                  const Progress& progress) const override;
    std::unique_ptr<backend::LayerWalk> openLayerWalk(const t5::T5Config& config,
                                                      const backend::WeightSource& source,
                                                      const backend::Seq2SeqOptions& options,
                                                      const backend::WalkExamples& examples,
                                                      const Progress& progress) const override;
    std::unique_ptr<backend::BlockRefinement> openRefinement(
        const backend::RefinementTask& task, const backend::Device& device,
        const Progress& progress) const override;

 private:
    std::string m_libraryPath;
    mutable std::mutex m_mutex;                                    // of m_algebras
    mutable std::map<std::string, TorchLinearAlgebra> m_algebras;  // by Device::name()
    std::string m_blasCoreChosen;
};

}  // namespace rankscope::torch_backend
