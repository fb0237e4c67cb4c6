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

std::string inputOfModule(const std::string& module) {
    const std::size_t dot = module.rfind('.');
    if (dot == std::string::npos) return module;
    const std::string layer = module.substr(0, dot);
    const std::string role = module.substr(dot + 1);
    const bool keyOrValue = role == "k" || role == "v";
    if (keyOrValue && layer.ends_with(".EncDecAttention"))
        return "decoder.block.0.layer.1.EncDecAttention.k";
    if (keyOrValue && layer.ends_with(".SelfAttention")) return layer + ".q";
    if (role == "wi_1") return layer + ".wi_0";
    return module;
}

}  // namespace rankscope::backend
