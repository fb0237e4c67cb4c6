// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rankscope::backend {

/// Where to compute, parsed from "auto", "cpu", "cuda", "cuda:1".
struct Device {
    bool cuda = false;
    int index = 0;
    std::string name() const;  ///< "cpu", "cuda:0"
};

}  // namespace rankscope::backend
