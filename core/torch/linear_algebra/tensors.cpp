// SPDX-License-Identifier: Apache-2.0
#include "core/torch/linear_algebra/tensors.h"

#include <string>

#include "core/base/error.h"
#include "core/base/shape.h"

namespace rankscope::torch_backend {

at::Tensor toTensor(const MatrixView& matrix, const backend::Device& device) {
    if (matrix.rows < 0 || matrix.columns < 0 ||
        elementCount(Shape{matrix.rows, matrix.columns}) !=
            static_cast<std::int64_t>(matrix.values.size())) {
        throw Error("A matrix of shape " + toString(Shape{matrix.rows, matrix.columns}) + " has " +
                    std::to_string(matrix.values.size()) + " values.");
    }
    // ATen has no tensors of const; nothing here writes into one made by this function.
    const at::Tensor view = at::from_blob(const_cast<double*>(matrix.values.data()),
                                          {matrix.rows, matrix.columns}, at::kDouble);
    return device.cuda ? view.to(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index)))
                       : view;
}

Matrix toMatrix(const at::Tensor& tensor) {
    const at::Tensor values = tensor.to(at::kCPU).contiguous();
    const double* data = values.data_ptr<double>();
    return {.values = std::vector<double>(data, data + values.numel()),
            .rows = values.size(0),
            .columns = values.size(1)};
}

}  // namespace rankscope::torch_backend
