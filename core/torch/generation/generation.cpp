// SPDX-License-Identifier: Apache-2.0
#include "core/torch/generation/generation.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/torch/kernels/best_tokens.h"

namespace rankscope::torch_backend {

using backend::GeneratedSequence;
using backend::GenerationOptions;
using backend::TokenIds;

namespace {

/// Longest output: more is a typing error, and caches are sized by it.
constexpr std::int64_t longestOutput = 4096;
constexpr double largestPenalty = 16;
/// Below so many sources starting another thread costs more than it saves.
constexpr std::int64_t searchesAtOnce = 16;

void checkRange(std::string_view name, std::int64_t value, std::int64_t least,
                std::int64_t greatest) {
    if (value < least || value > greatest)
        throw usageError(
            fmt::format("{} is {}, but must lie between {} and {}.", name, value, least, greatest));
}

at::Tensor toDevice(std::span<const std::int64_t> values, const at::Device& device) {
    return at::tensor(at::ArrayRef<std::int64_t>(values.data(), values.size()), at::kLong)
        .to(device);
}

/// The tokens that would repeat an n-gram of `ids`, which begin with the start token.
void banRepeats(const TokenIds& ids, std::int64_t ngram, std::vector<std::int32_t>& banned) {
    const std::int64_t prefix = ngram - 1;
    const auto length = static_cast<std::int64_t>(ids.size());
    if (ngram == 0 || length < prefix) return;
    const auto tail = ids.end() - prefix;
    for (std::int64_t begin = 0; begin + prefix < length; ++begin)
        if (std::equal(tail, ids.end(), ids.begin() + begin))
            banned.push_back(ids[static_cast<std::size_t>(begin + prefix)]);
}

/// The tokens that must not follow `ids`, the start token and the tokens generated so far.
std::vector<std::int32_t> bannedAfter(const TokenIds& ids, const GenerationOptions& options,
                                      const SpecialTokens& tokens) {
    std::vector<std::int32_t> banned;
    if (static_cast<std::int64_t>(ids.size()) - 1 < options.minNewTokens)
        banned.push_back(static_cast<std::int32_t>(tokens.eos));
    banRepeats(ids, options.noRepeatNgram, banned);
    return banned;
}

/// Shared by both searches: the decoder, the sources still in it, and its next tokens.
class Search {
 public:
    Search(DecoderSteps& decoder, std::int64_t sources, const GenerationOptions& options,
           const SpecialTokens& tokens)
        : m_decoder(decoder),
          m_options(options),
          m_tokens(tokens),
          m_present(static_cast<std::size_t>(sources)),
          m_next(static_cast<std::size_t>(sources * options.beams), tokens.start) {
        std::iota(m_present.begin(), m_present.end(), std::size_t{0});
    }
    virtual ~Search() = default;
    Search(const Search&) = delete;
    Search& operator=(const Search&) = delete;

    std::vector<GeneratedSequence> run(const Progress& progress) {
        for (std::int64_t step = 0; !m_present.empty(); ++step) {
            throwIfStopped(progress);
            progress.report(static_cast<double>(step) / static_cast<double>(m_options.maxNewTokens),
                            "Generating");
            const at::Tensor logits = m_decoder.step(toDevice(m_next, m_decoder.device()));
            advance(logits);
            leaveFinished();
            if (!m_present.empty()) prepareStep();
        }
        return results();
    }

 protected:
    /// Adds a token to every present source.
    virtual void advance(const at::Tensor& logits) = 0;
    virtual bool done(std::size_t source) const = 0;
    /// Sets m_next, and the decoder's rows to those they continue.
    virtual void prepareStep() = 0;
    virtual std::vector<GeneratedSequence> results() const = 0;

    /// `ids` of a row: the start token and those after it. Empty if nothing can be banned.
    template <typename IdsOfRow>
    BannedTokens banned(std::size_t rows, const IdsOfRow& ids) const {
        BannedTokens result;
        if (m_options.minNewTokens == 0 && m_options.noRepeatNgram == 0) return result;
        for (std::size_t row = 0; row < rows; ++row)
            result.push_back(bannedAfter(ids(row), m_options, m_tokens));
        return result;
    }

    DecoderSteps& m_decoder;
    const GenerationOptions& m_options;
    const SpecialTokens m_tokens;
    std::vector<std::size_t> m_present;  // numbers of the sources still in the decoder
    std::vector<std::int64_t> m_next;    // tokens of the decoder's rows

 private:
    void leaveFinished() {
        std::vector<std::int64_t> kept;
        std::vector<std::size_t> present;
        for (std::size_t i = 0; i < m_present.size(); ++i) {
            if (done(m_present[i])) continue;
            kept.push_back(static_cast<std::int64_t>(i));
            present.push_back(m_present[i]);
        }
        if (kept.size() == m_present.size()) return;
        if (!kept.empty()) m_decoder.keepSources(kept);
        m_present = std::move(present);
    }
};

class GreedySearch final : public Search {
 public:
    GreedySearch(DecoderSteps& decoder, std::int64_t sources, const GenerationOptions& options,
                 const SpecialTokens& tokens)
        : Search(decoder, sources, options, tokens),
          m_ids(m_present.size(), {static_cast<std::int32_t>(tokens.start)}),
          m_scores(m_present.size()) {}

 private:
    void advance(const at::Tensor& logits) override {
        const BestTokens best =
            bestTokens(logits, 1, banned(m_present.size(), [&](std::size_t row) -> const TokenIds& {
                           return m_ids[m_present[row]];
                       }));
        for (std::size_t row = 0; row < m_present.size(); ++row) {
            m_ids[m_present[row]].push_back(best.tokens[row]);
            m_scores[m_present[row]] += static_cast<double>(best.logProbabilities[row]);
        }
    }

    bool done(std::size_t source) const override {
        return m_ids[source].back() == m_tokens.eos ||
               static_cast<std::int64_t>(m_ids[source].size()) > m_options.maxNewTokens;
    }

    void prepareStep() override {
        m_next.clear();
        for (const std::size_t source : m_present) m_next.push_back(m_ids[source].back());
    }

    std::vector<GeneratedSequence> results() const override {
        std::vector<GeneratedSequence> result;
        for (std::size_t i = 0; i < m_ids.size(); ++i)
            result.push_back({.ids = {m_ids[i].begin() + 1, m_ids[i].end()}, .score = m_scores[i]});
        return result;
    }

    std::vector<TokenIds> m_ids;
    std::vector<double> m_scores;
};

class BeamSearches final : public Search {
 public:
    BeamSearches(DecoderSteps& decoder, std::int64_t sources, const GenerationOptions& options,
                 const SpecialTokens& tokens)
        : Search(decoder, sources, options, tokens),
          m_beams(static_cast<std::size_t>(options.beams)),
          m_searches(m_present.size(), BeamSearch(options, tokens)) {}

 private:
    void advance(const at::Tensor& logits) override {
        const BestTokens best =
            bestTokens(logits, 2 * m_options.beams,
                       banned(m_present.size() * m_beams, [&](std::size_t row) -> const TokenIds& {
                           return m_searches[m_present[row / m_beams]].ids(row % m_beams);
                       }));
        // With hundreds of sources one core would keep a GPU waiting.
        at::parallel_for(0, static_cast<std::int64_t>(m_present.size()), searchesAtOnce,
                         [&](std::int64_t begin, std::int64_t end) {
                             for (auto i = static_cast<std::size_t>(begin);
                                  i < static_cast<std::size_t>(end); ++i) {
                                 BeamSearch& search = m_searches[m_present[i]];
                                 search.advance(candidates(best, i * m_beams, search));
                             }
                         });
    }

    /// The best 2 · beams of the tokens of a source's rows, which begin at `firstRow`.
    std::vector<BeamCandidate> candidates(const BestTokens& best, std::size_t firstRow,
                                          const BeamSearch& search) const {
        const std::size_t wanted = 2 * m_beams;
        std::vector<BeamCandidate> all;
        for (std::size_t beam = 0; beam < m_beams; ++beam)
            for (std::size_t i = 0; i < wanted; ++i) {
                const std::size_t place = (firstRow + beam) * wanted + i;
                const float score = best.logProbabilities[place] + search.score(beam);
                all.push_back(
                    {.score = std::isnan(score) ? -std::numeric_limits<float>::infinity() : score,
                     .beam = static_cast<std::int32_t>(beam),
                     .token = best.tokens[place]});
            }
        std::stable_sort(
            all.begin(), all.end(),
            [](const BeamCandidate& a, const BeamCandidate& b) { return a.score > b.score; });
        all.resize(wanted);
        return all;
    }

    bool done(std::size_t source) const override { return m_searches[source].done(); }

    void prepareStep() override {
        m_next.clear();
        std::vector<std::int64_t> parents;
        bool moved = false;
        for (std::size_t i = 0; i < m_present.size(); ++i) {
            const BeamSearch& search = m_searches[m_present[i]];
            for (std::size_t beam = 0; beam < m_beams; ++beam) {
                const auto parent = static_cast<std::size_t>(search.parents()[beam]);
                moved = moved || parent != beam;
                parents.push_back(static_cast<std::int64_t>(i * m_beams + parent));
                m_next.push_back(search.ids(beam).back());
            }
        }
        if (moved) m_decoder.reorder(toDevice(parents, m_decoder.device()));
    }

    std::vector<GeneratedSequence> results() const override {
        std::vector<GeneratedSequence> result;
        for (const BeamSearch& search : m_searches) result.push_back(search.best());
        return result;
    }

    std::size_t m_beams;
    std::vector<BeamSearch> m_searches;
};

}  // namespace

void checkGenerationOptions(const GenerationOptions& options, std::int64_t vocabulary) {
    const std::int64_t mostBeams = std::max<std::int64_t>(1, vocabulary / 2);
    if (options.beams < 1 || options.beams > mostBeams)
        throw usageError(
            fmt::format("The number of beams is {}, but must lie between 1 and {}, "
                        "half the model's vocabulary of {}.",
                        options.beams, mostBeams, vocabulary));
    checkRange("The number of new tokens", options.maxNewTokens, 1, longestOutput);
    checkRange("The least number of new tokens", options.minNewTokens, 0, options.maxNewTokens);
    checkRange("The length of n-grams that must not repeat", options.noRepeatNgram, 0,
               longestOutput);
    if (!(std::abs(options.lengthPenalty) <= largestPenalty))
        throw usageError(fmt::format("The length penalty is {}, but must lie between {} and {}.",
                                     options.lengthPenalty, -largestPenalty, largestPenalty));
}

std::vector<GeneratedSequence> generate(DecoderSteps& decoder, std::int64_t sources,
                                        const GenerationOptions& options,
                                        const SpecialTokens& tokens, const Progress& progress) {
    checkGenerationOptions(options, decoder.vocabulary());
    if (options.beams == 1) return GreedySearch(decoder, sources, options, tokens).run(progress);
    return BeamSearches(decoder, sources, options, tokens).run(progress);
}

}  // namespace rankscope::torch_backend
