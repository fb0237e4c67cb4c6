// SPDX-License-Identifier: Apache-2.0
#include "core/model/summarizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "core/model/summarization_options.h"

namespace rankscope::model {

using backend::TokenIds;

namespace {

std::int64_t paddedTokens(std::span<const TokenIds> rows) {
    std::size_t longest = 1;
    for (const TokenIds& row : rows) longest = std::max(longest, row.size());
    return static_cast<std::int64_t>(longest * rows.size());
}

}  // namespace

Summarizer::Summarizer(std::unique_ptr<backend::Seq2Seq> model, text::Tokenizer tokenizer,
                       SummarizationOptions options)
    : m_model(std::move(model)), m_tokenizer(std::move(tokenizer)), m_options(std::move(options)) {
    if (m_tokenizer.size() <= m_model->vocabulary()) return;
    const std::string file = m_tokenizer.file().string();
    throw Error(fmt::format("{} has ids up to {}, but the model's embedding has {} rows only; the "
                            "tokenizer belongs to another model. Copy the right one beside the "
                            "weights.",
                            printable(file, 1000), m_tokenizer.size() - 1, m_model->vocabulary()),
                file);
}

Summarizer::Source Summarizer::encodeSource(std::string_view text) const {
    text::Encoding encoding =
        m_tokenizer.encode(m_options.prefix + std::string(text), m_options.maxSourceLength);
    return {std::move(encoding.ids), encoding.fullLength};
}

TokenIds Summarizer::encodeTarget(std::string_view text) const {
    return m_tokenizer.encode(text, m_options.maxTargetLength).ids;
}

/// compute(first, count) on all rows at once, or on halves of halves if memory is too small.
template <typename Result, typename Compute>
std::vector<Result> Summarizer::inParts(std::span<const TokenIds> sources, const Progress& progress,
                                        const Compute& compute) {
    std::vector<Result> results;
    std::size_t rows = sources.size();
    while (results.size() < sources.size()) {
        throwIfStopped(progress);
        const std::size_t first = results.size();
        rows = std::min(rows, sources.size() - first);
        // A size that did not fit in an earlier batch need not be tried again.
        while (rows > 1 && m_paddedTokens > 0 &&
               paddedTokens(sources.subspan(first, rows)) > m_paddedTokens)
            rows = (rows + 1) / 2;
        try {
            std::vector<Result> part = compute(first, rows);
            std::move(part.begin(), part.end(), std::back_inserter(results));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::OutOfMemory) throw;
            if (rows == 1)
                throw Error(
                    fmt::format("Memory is too small for one text of {} tokens. Try --compute "
                                "bfloat16, a smaller --max-source-length, fewer --beams, or "
                                "--device cpu. ({})",
                                sources[first].size(), error.what()),
                    error.subject(), ErrorKind::OutOfMemory);
            progress.warn(fmt::format("Out of memory with {} texts at once; going on with {}.",
                                      rows, (rows + 1) / 2));
            rows = (rows + 1) / 2;
            m_paddedTokens = paddedTokens(sources.subspan(first, rows));
        }
    }
    return results;
}

std::vector<backend::SequenceLoss> Summarizer::loss(std::span<const TokenIds> sources,
                                                    std::span<const TokenIds> targets,
                                                    const Progress& progress) {
    return inParts<backend::SequenceLoss>(
        sources, progress, [&](std::size_t first, std::size_t count) {
            return m_model->loss(sources.subspan(first, count), targets.subspan(first, count),
                                 progress);
        });
}

std::vector<backend::GeneratedSequence> Summarizer::generate(std::span<const TokenIds> sources,
                                                             const Progress& progress) {
    return inParts<backend::GeneratedSequence>(
        sources, progress, [&](std::size_t first, std::size_t count) {
            return m_model->generate(sources.subspan(first, count), m_options.generation, progress);
        });
}

std::string Summarizer::textOf(const TokenIds& ids) const {
    const std::string text =
        m_tokenizer.decode(ids, {.skipSpecial = true, .cleanUp = m_tokenizer.cleanUpByDefault()});
    constexpr std::string_view space = " \t\n\v\f\r";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace rankscope::model
