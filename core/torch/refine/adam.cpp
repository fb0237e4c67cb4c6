// SPDX-License-Identifier: Apache-2.0
#include "core/torch/refine/adam.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace rankscope::torch_backend {

namespace {

constexpr double meanDecay = 0.9;
constexpr double squareDecay = 0.95;
constexpr double smallestRoot = 1e-8;

}  // namespace

Adam::Adam(const std::vector<at::Tensor>& leaves) : m_leaves(leaves) {
    const at::NoGradGuard noGradients;
    for (const at::Tensor& leaf : leaves) {
        m_means.push_back(at::zeros_like(leaf));
        m_squares.push_back(at::zeros_like(leaf));
    }
}

void Adam::step(const std::vector<at::Tensor>& gradients, double rate) {
    const at::NoGradGuard noGradients;
    ++m_steps;
    const auto steps = static_cast<double>(m_steps);
    const double ofMean = 1 - std::pow(meanDecay, steps);
    const double ofSquare = std::sqrt(1 - std::pow(squareDecay, steps));
    for (std::size_t i = 0; i < m_leaves.size(); ++i) {
        m_means[i].mul_(meanDecay).add_(gradients[i], 1 - meanDecay);
        m_squares[i].mul_(squareDecay).addcmul_(gradients[i], gradients[i], 1 - squareDecay);
        const at::Tensor root = m_squares[i].sqrt().div_(ofSquare).add_(smallestRoot);
        m_leaves[i].addcdiv_(m_means[i], root, -rate / ofMean);
    }
}

double clipToUnitNorm(std::vector<at::Tensor>& gradients) {
    const at::NoGradGuard noGradients;
    at::Tensor sum;
    for (const at::Tensor& gradient : gradients) {
        const at::Tensor own = gradient.square().sum(at::kDouble);
        sum = sum.defined() ? sum.add(own) : own;
    }
    const double norm = std::sqrt(sum.item<double>());
    if (norm > 1)
        for (at::Tensor& gradient : gradients) gradient = gradient.div(norm);
    return norm;
}

double rateShare(std::int64_t step, std::int64_t steps) {
    const auto warm = static_cast<double>(std::max<std::int64_t>(1, steps / 20));
    const double turn = std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
    return std::min(static_cast<double>(step + 1) / warm, 0.5 + 0.5 * std::cos(turn));
}

}  // namespace rankscope::torch_backend
