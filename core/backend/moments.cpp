// SPDX-License-Identifier: Apache-2.0
#include "core/backend/moments.h"

namespace rankscope::backend {

std::string_view toString(MomentArithmetic arithmetic) {
    return arithmetic == MomentArithmetic::FixedPoint ? "fixed-point" : "float64";
}

std::optional<MomentArithmetic> momentArithmeticNamed(std::string_view name) {
    for (const auto arithmetic : {MomentArithmetic::Float64, MomentArithmetic::FixedPoint})
        if (toString(arithmetic) == name) return arithmetic;
    return std::nullopt;
}

MomentCollector::~MomentCollector() = default;

LayerWalk::~LayerWalk() = default;

}  // namespace rankscope::backend
