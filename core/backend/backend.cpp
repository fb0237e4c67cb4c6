// SPDX-License-Identifier: Apache-2.0
#include "core/backend/backend.h"

namespace rankscope::backend {

Backend::~Backend() = default;
LinearAlgebra::~LinearAlgebra() = default;

WeightSource::~WeightSource() = default;

Seq2Seq::~Seq2Seq() = default;

std::string Device::name() const { return cuda ? "cuda:" + std::to_string(index) : "cpu"; }

const Option& deviceOption() {
    static const Option option{
        .name = "device",
        .label = "Device",
        .help =
            "Where to compute: auto takes CUDA if it is usable, else the CPU; cuda:N names "
            "one GPU.",
        .defaultText = "auto",
        .minimum = {},
        .maximum = {},
        .unit = "",
        .choices = {"auto", "cpu", "cuda"},
    };
    return option;
}

const Option& threadsOption() {
    static const Option option{
        .name = "threads",
        .label = "Threads",
        .help = "How many CPU cores to use; 0 means all that this process may use.",
        .defaultText = "0",
        .minimum = 0,
        .maximum = 4096,
        .unit = "",
        .choices = {},
    };
    return option;
}

}  // namespace rankscope::backend
