// SPDX-License-Identifier: Apache-2.0
#include "core/torch/generation/beam_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace rankscope::torch_backend {

namespace {

/// Marks "not to be taken": added to scores, as in the reference, so that such a hypothesis is
/// still better than a banned one.
constexpr float excluded = -1e9F;

/// Positions of the `count` greatest scores, greatest first; the earlier of equals.
std::vector<std::size_t> greatest(std::span<const float> scores, std::size_t count) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    order.resize(count);
    return order;
}

}  // namespace

BeamSearch::BeamSearch(const backend::GenerationOptions& options, const SpecialTokens& tokens)
    : m_options(options), m_eos(static_cast<std::int32_t>(tokens.eos)) {
    const auto beams = static_cast<std::size_t>(options.beams);
    const Hypothesis start{
        .score = excluded, .ids = {static_cast<std::int32_t>(tokens.start)}, .finished = false};
    m_running.assign(beams, start);
    m_finished.assign(beams, start);
    // All start the same: only the first is continued at the first step.
    m_running.front().score = 0;
    m_parents.resize(beams);
    std::iota(m_parents.begin(), m_parents.end(), 0);
}

bool BeamSearch::ends(const BeamCandidate& candidate) const {
    return candidate.token == m_eos || m_length == m_options.maxNewTokens;
}

float BeamSearch::lengthDivisor(std::int64_t length) const {
    return static_cast<float>(std::pow(static_cast<double>(length), m_options.lengthPenalty));
}

BeamSearch::Hypothesis BeamSearch::continued(const BeamCandidate& candidate, float score) const {
    Hypothesis result{.score = score,
                      .ids = m_running[static_cast<std::size_t>(candidate.beam)].ids,
                      .finished = false};
    result.ids.push_back(candidate.token);
    return result;
}

void BeamSearch::advance(std::span<const BeamCandidate> candidates) {
    ++m_length;
    keepFinished(candidates);
    keepRunning(candidates);
    const bool full = std::all_of(m_finished.begin(), m_finished.end(),
                                  [](const Hypothesis& hypothesis) { return hypothesis.finished; });
    m_done = m_length == m_options.maxNewTokens || !canImprove() ||
             (full && m_options.earlyStopping == backend::EarlyStopping::Yes);
}

/// Only a candidate among the first `beams` may finish; the others only ensure that enough go on.
void BeamSearch::keepFinished(std::span<const BeamCandidate> candidates) {
    std::vector<float> scores;
    for (const Hypothesis& hypothesis : m_finished) scores.push_back(hypothesis.score);
    const float divisor = lengthDivisor(m_length);
    const std::size_t beams = m_finished.size();
    std::vector<bool> finished;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        finished.push_back(i < beams && ends(candidates[i]));
        scores.push_back(candidates[i].score / divisor + (finished[i] ? 0.0F : excluded));
    }
    std::vector<Hypothesis> kept;
    for (const std::size_t i : greatest(scores, beams)) {
        if (i < beams) {
            kept.push_back(std::move(m_finished[i]));
            continue;
        }
        kept.push_back(continued(candidates[i - beams], scores[i]));
        kept.back().finished = finished[i - beams];
    }
    m_finished = std::move(kept);
}

void BeamSearch::keepRunning(std::span<const BeamCandidate> candidates) {
    std::vector<float> scores;
    for (const BeamCandidate& candidate : candidates)
        scores.push_back(candidate.score + (ends(candidate) ? excluded : 0.0F));
    std::vector<Hypothesis> running;
    std::vector<std::int32_t> parents;
    for (const std::size_t i : greatest(scores, m_running.size())) {
        running.push_back(continued(candidates[i], scores[i]));
        parents.push_back(candidates[i].beam);
    }
    m_running = std::move(running);
    m_parents = std::move(parents);
}

/// Whether the best running hypothesis, at the length that favours it, beats one that is kept.
bool BeamSearch::canImprove() const {
    const bool atFullLength =
        m_options.earlyStopping == backend::EarlyStopping::Never && m_options.lengthPenalty > 0;
    const float possible =
        m_running.front().score / lengthDivisor(atFullLength ? m_options.maxNewTokens : m_length);
    float worst = std::numeric_limits<float>::infinity();
    for (const Hypothesis& hypothesis : m_finished) worst = std::min(worst, hypothesis.score);
    return std::any_of(m_finished.begin(), m_finished.end(), [&](const Hypothesis& hypothesis) {
        return possible > (hypothesis.finished ? worst : excluded);
    });
}

backend::GeneratedSequence BeamSearch::best() const {
    const Hypothesis& first = m_finished.front();
    if (!first.finished) return {.ids = {}, .score = std::numeric_limits<double>::quiet_NaN()};
    return {.ids = {first.ids.begin() + 1, first.ids.end()},
            .score = static_cast<double>(first.score)};
}

}  // namespace rankscope::torch_backend
