// SPDX-License-Identifier: Apache-2.0
#include "core/torch/refine/block_refinement.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/torch/linear_algebra/torch_errors.h"
#include "core/torch/moments/teacher_forcing.h"
#include "core/torch/refine/adam.h"
#include "core/torch/t5/linear.h"

namespace rankscope::torch_backend {

using backend::RefinedBlock;
using backend::TokenIds;
using t5::Stack;

namespace {

constexpr const char* refinementTask = "The refinement";

/// Dialogues by the length of their sources, so that little of a batch is padding.
std::vector<std::size_t> byLength(std::span<const TokenIds> sources) {
    std::vector<std::size_t> order(sources.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return sources[i].size(); });
    return order;
}

/// Not std::shuffle, whose result is the library's.
void shuffle(std::vector<std::size_t>& order, std::mt19937_64& random) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
}

std::vector<at::Tensor> copiesOf(const std::vector<at::Tensor>& leaves) {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& leaf : leaves) copies.push_back(leaf.detach().clone());
    return copies;
}

void put(const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& leaves) {
    const at::NoGradGuard noGradients;
    for (std::size_t i = 0; i < leaves.size(); ++i) leaves[i].copy_(values[i]);
}

std::string nameOf(Stack stack, int block) {
    return fmt::format("{}.block.{}", t5::stackName(stack), block);
}

}  // namespace

/// The training of one block: what its steps share.
class Training {
 public:
    Training(const std::vector<at::Tensor>& leaves, std::int64_t steps, std::uint64_t seed)
        : adam(leaves), steps(steps), random(seed) {}

    Adam adam;
    std::int64_t steps, done = 0;
    std::mt19937_64 random;
};

TorchBlockRefinement::TorchBlockRefinement(const backend::RefinementTask& given,
                                           const Placement& placement, const Progress& progress)
    : m_originalConfig(given.original.config),
      m_config(given.compressed.config),
      m_originalWeights(&given.original.weights),
      m_weights(&given.compressed.weights),
      m_modules(given.modules),
      m_options(given.options),
      m_placement(placement) {
    if (given.examples.sources.empty() || given.heldOut.sources.empty())
        throw Error("A refinement needs dialogues to train on and held-out ones.");
    m_examples = batchesOf(given.examples, progress);
    m_heldOut = batchesOf(given.heldOut, progress);
    beginStack(Stack::Encoder);
}

std::vector<TorchBlockRefinement::Batch> TorchBlockRefinement::batchesOf(
    const backend::SeenDialogues& dialogues, const Progress& progress) const {
    const auto embedding = [&](const backend::WeightSource& weights) {
        WeightLoader loader(weights, m_placement, progress, 1);
        return LinearGroup(loader, {"shared"}, {-1}, m_config.dModel);
    };
    const LinearGroup original = embedding(*m_originalWeights), refined = embedding(*m_weights);
    checkPairs(dialogues.sources, dialogues.targets, original.out(0));
    const std::vector<TokenIds> inputs =
        teacherForced(dialogues.targets, m_config.decoderStartTokenId);
    const std::vector<std::size_t> order = byLength(dialogues.sources);
    std::vector<Batch> batches;
    for (std::size_t first = 0; first < order.size(); first += m_options.batch) {
        std::vector<TokenIds> sources, targets;
        for (std::size_t i = first; i < std::min(order.size(), first + m_options.batch); ++i) {
            sources.push_back(dialogues.sources[order[i]]);
            targets.push_back(inputs[order[i]]);
        }
        Batch& batch = batches.emplace_back();
        batch.sources = Ragged(sources);
        batch.targets = Ragged(targets);
        const at::Tensor ofSources = joinedIds(sources, m_placement.device);
        const at::Tensor ofTargets = joinedIds(targets, m_placement.device);
        batch.original = {original.weightRows(ofSources), original.weightRows(ofTargets), {}};
        batch.refined = {refined.weightRows(ofSources), refined.weightRows(ofTargets), {}};
    }
    return batches;
}

template <typename Work>
void TorchBlockRefinement::forAll(const Work& work) {
    for (std::vector<Batch>* batches : {&m_examples, &m_heldOut})
        for (Batch& batch : *batches) work(batch);
}

void TorchBlockRefinement::beginStack(Stack stack) {
    const bool decoder = stack == Stack::Decoder;
    const Progress silent;
    WeightLoader loader(*m_originalWeights, m_placement, silent, 1);
    const PositionBias bias(
        loader.tensor(t5::positionTableName(stack) + ".weight",
                      {m_config.relativeAttentionNumBuckets, m_config.numHeads}),
        !decoder, m_config.relativeAttentionMaxDistance);
    forAll([&](Batch& batch) {
        const Ragged& rows = decoder ? batch.targets : batch.sources;
        batch.self.emplace(rows, rows, &bias, decoder, m_placement.device);
        if (decoder)
            batch.cross.emplace(rows, batch.sources, nullptr, /*causal=*/false, m_placement.device);
    });
}

/// Its output is what cross attention sees, each model its own.
void TorchBlockRefinement::endEncoder() {
    const std::string name = t5::finalNormName(Stack::Encoder) + ".weight";
    const auto norm = [&](const backend::WeightSource& weights) {
        const Progress silent;
        return WeightLoader(weights, m_placement, silent, 1).tensor(name, {m_config.dModel});
    };
    const at::Tensor original = norm(*m_originalWeights), refined = norm(*m_weights);
    forAll([&](Batch& batch) {
        const auto end = [&](State& state, const at::Tensor& weight) {
            state.encoded = plainNorm(state.stream, weight, m_config.layerNormEpsilon);
            state.stream = std::exchange(state.decoder, {});
        };
        end(batch.original, original);
        end(batch.refined, refined);
    });
    beginStack(Stack::Decoder);
}

/// Runs the original block once over everything.
void TorchBlockRefinement::setTargets(const Current& current) {
    const at::NoGradGuard noGradients;
    const BlockWeights weights = BlockWeights::load({m_originalConfig, *m_originalWeights},
                                                    current.stack, current.block, m_placement);
    forAll([&](Batch& batch) {
        const State& state = batch.original;
        batch.wanted = blockOutput(
            m_originalConfig, current.stack, current.block, weights,
            {state.stream, state.encoded, *batch.self, batch.cross ? &*batch.cross : nullptr});
        batch.scale = batch.wanted.square().mean(-1, /*keepdim=*/true).reciprocal();
    });
}

at::Tensor TorchBlockRefinement::output(const Current& current, const Batch& batch) const {
    const State& state = batch.refined;
    return blockOutput(
        m_config, current.stack, current.block, current.weights,
        {state.stream, state.encoded, *batch.self, batch.cross ? &*batch.cross : nullptr});
}

/// The mean over tokens and features of the error's squares, relative to each token's target.
at::Tensor TorchBlockRefinement::loss(const Current& current, const Batch& batch) const {
    return output(current, batch).sub(batch.wanted).square().mul(batch.scale).mean();
}

double TorchBlockRefinement::heldOutLoss(const Current& current, const Progress& progress) const {
    const at::NoGradGuard noGradients;
    double sum = 0, tokens = 0;
    for (const Batch& batch : m_heldOut) {
        throwIfStopped(progress);
        const auto rows = static_cast<double>(batch.wanted.size(0));
        sum += rows * loss(current, batch).item<double>();
        tokens += rows;
    }
    return sum / tokens;
}

/// One pass in a new order; false if a number became infinite or NaN.
bool TorchBlockRefinement::pass(Current& current, Training& training,
                                const Progress& progress) const {
    std::vector<std::size_t> order(m_examples.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order, training.random);
    for (const std::size_t place : order) {
        throwIfStopped(progress);
        const at::Tensor error = loss(current, m_examples[place]);
        if (!std::isfinite(error.item<double>())) return false;
        std::vector<at::Tensor> gradients = torch::autograd::grad({error}, current.leaves);
        if (!std::isfinite(clipToUnitNorm(gradients))) return false;
        training.adam.step(gradients, m_options.rate * rateShare(training.done++, training.steps));
    }
    return true;
}

/// Leaves the weights as they were at the least held-out loss.
void TorchBlockRefinement::train(Current& current, RefinedBlock& result,
                                 const Progress& progress) const {
    std::vector<at::Tensor> best = copiesOf(current.leaves);
    result.heldOutBefore = result.heldOutAfter = heldOutLoss(current, progress);
    result.leftAsItWas = !std::isfinite(result.heldOutBefore);
    if (result.leftAsItWas || result.heldOutBefore == 0) return;
    const auto batches = static_cast<std::int64_t>(m_examples.size());
    Training training(current.leaves, m_options.passes * batches, m_options.seed);
    for (int done = 1; done <= m_options.passes; ++done) {
        const bool finite = pass(current, training, progress);
        const double loss = finite ? heldOutLoss(current, progress) : NAN;
        progress.report(static_cast<double>(done) / m_options.passes,
                        fmt::format("refining {}: pass {} of {}, held-out loss {:.4g}", result.name,
                                    done, m_options.passes, loss));
        if (!std::isfinite(loss)) {
            result.leftAsItWas = true;
            break;
        }
        if (loss >= result.heldOutAfter) continue;
        result.heldOutAfter = loss;
        result.bestPass = done;
        best = copiesOf(current.leaves);
    }
    if (!result.leftAsItWas) return put(best, current.leaves);
    result.heldOutAfter = result.heldOutBefore;
    result.bestPass = 0;
}

/// The outputs become the next block's inputs.
void TorchBlockRefinement::advance(const Current& current) {
    const at::NoGradGuard noGradients;
    forAll([&](Batch& batch) {
        batch.refined.stream = output(current, batch);
        batch.original.stream = batch.wanted;
    });
}

RefinedBlock TorchBlockRefinement::refine(Stack stack, int block, const Progress& progress) {
    Current current{
        stack, block, BlockWeights::load({m_config, *m_weights}, stack, block, m_placement), {}};
    const BlockWeights before = current.weights;
    setTargets(current);
    current.weights.balance(m_modules);
    current.leaves = current.weights.leaves(m_modules);
    RefinedBlock result;
    result.name = nameOf(stack, block);
    train(current, result, progress);
    if (result.bestPass > 0)
        current.weights.store(m_modules, result);
    else
        current.weights = before;
    advance(current);
    return result;
}

std::optional<RefinedBlock> TorchBlockRefinement::next(const Progress& progress) {
    const auto encoderBlocks = static_cast<int>(m_config.numLayers);
    const int blocks = encoderBlocks + static_cast<int>(m_config.numDecoderLayers);
    if (m_met >= blocks) return std::nullopt;
    return onAllCores(refinementTask, [&]() -> std::optional<RefinedBlock> {
        const c10::InferenceMode off(false);  // records the operations to differentiate
        throwIfStopped(progress);
        if (m_met == encoderBlocks) endEncoder();
        const bool decoder = m_met >= encoderBlocks;
        const int block = decoder ? m_met - encoderBlocks : m_met;
        const PartProgress part(progress, static_cast<double>(m_met) / blocks,
                                static_cast<double>(m_met + 1) / blocks);
        ++m_met;
        return refine(decoder ? Stack::Decoder : Stack::Encoder, block, part);
    });
}

std::unique_ptr<backend::BlockRefinement> openRefinement(const backend::RefinementTask& given,
                                                         const backend::Device& device,
                                                         const Progress& progress) {
    return onAllCores(refinementTask, [&] {
        const c10::InferenceMode off(false);  // autograd refuses tensors made without it
        return std::make_unique<TorchBlockRefinement>(given, placementOf({.device = device}),
                                                      progress);
    });
}

}  // namespace rankscope::torch_backend
