// SPDX-License-Identifier: Apache-2.0
#include "core/evaluate/measure_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/journal.h"
#include "core/base/own_path.h"
#include "core/base/sha256.h"
#include "core/evaluate/evaluation.h"
#include "core/model/batches.h"
#include "core/model/summarization_options.h"
#include "core/model/summarizer.h"

namespace rankscope::evaluate {

using backend::TokenIds;
using Batches = std::vector<std::vector<std::size_t>>;

namespace {

// A target token costs a row of logits (vocabulary wide), a source token a row of states.
constexpr std::int64_t targetTokenWeight = 4;

std::vector<std::int64_t> lengthsOf(const std::vector<TokenIds>& rows) {
    std::vector<std::int64_t> lengths;
    for (const TokenIds& row : rows) lengths.push_back(static_cast<std::int64_t>(row.size()));
    return lengths;
}

std::vector<TokenIds> chosen(const std::vector<TokenIds>& rows,
                             const std::vector<std::size_t>& positions) {
    std::vector<TokenIds> part;
    for (const std::size_t position : positions) part.push_back(rows[position]);
    return part;
}

std::string hashOf(const std::vector<TokenIds>& rows) {
    Sha256 hash;
    for (const TokenIds& row : rows) {
        const auto size = static_cast<std::uint64_t>(row.size());
        hash.add(std::as_bytes(std::span(&size, 1)));
        hash.add(std::as_bytes(std::span(row)));
    }
    return hash.hex();
}

double finiteOrNan(double value) {
    return std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
}

std::int64_t tokensOf(const std::vector<TokenIds>& rows) {
    std::int64_t tokens = 0;
    for (const TokenIds& row : rows) tokens += static_cast<std::int64_t>(row.size());
    return tokens;
}

double rate(std::int64_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

/// [[sum, tokens], …] of a batch, as the journal keeps it; false if it is something else.
bool readLosses(const Json& rows, const std::vector<std::size_t>& positions,
                std::vector<SampleResult>& results) {
    for (const Json& row : rows)
        if (!row.is_array() || row.size() != 2 || !(row[0].is_number() || row[0].is_null()) ||
            !row[1].is_number_integer())
            return false;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        SampleResult& result = results[positions[i]];
        result.lossSum = rows[i][0].is_null() ? std::numeric_limits<double>::quiet_NaN()
                                              : rows[i][0].get<double>();
        result.lossTokens = rows[i][1].get<std::int64_t>();
    }
    return true;
}

/// [[id, …], …]
bool readIds(const Json& rows, const std::vector<std::size_t>& positions,
             std::vector<SampleResult>& results) {
    for (const Json& row : rows) {
        if (!row.is_array()) return false;
        for (const Json& id : row)
            if (!id.is_number_integer()) return false;
    }
    for (std::size_t i = 0; i < positions.size(); ++i)
        results[positions[i]].ids = rows[i].get<TokenIds>();
    return true;
}

/// The finished batches of one phase of one run. If there is no place for a journal (no cache
/// folder, read-only, in use) a warning says so, and nothing is kept.
class BatchJournal {
 public:
    void open(const Json& key, const Progress& progress) {
        try {
            const std::filesystem::path folder = cacheFolder() / "evaluations";
            std::error_code failure;
            std::filesystem::create_directories(folder, failure);
            if (failure)
                throw Error(fmt::format("{} cannot be made: {}.", printable(folder.string(), 1000),
                                        failure.message()));
            m_journal = Journal(folder / Journal::fileName(key), key, progress);
        } catch (const Error& error) {
            progress.warn(
                fmt::format("{} Finished batches are not kept, so an interrupted run starts "
                            "again.",
                            error.what()));
        }
        for (const Json& entry : m_journal.entries())
            if (entry.is_object() && entry.contains("batch") && entry["batch"].is_number_unsigned())
                m_batches.insert_or_assign(entry["batch"].get<std::size_t>(), &entry);
    }

    /// The content of a batch that an earlier run finished; null if there is none.
    const Json* find(std::size_t batch) const {
        const auto found = m_batches.find(batch);
        return found == m_batches.end() ? nullptr : found->second;
    }

    void add(std::size_t batch, const Json& content, const Progress& progress) {
        Json numbered = {{"batch", batch}};
        numbered.update(content);
        try {
            m_journal.append(numbered);
        } catch (const Error& error) {
            progress.warn(
                fmt::format("{} From here on finished batches are not kept.", error.what()));
        }
    }

 private:
    Journal m_journal;
    std::map<std::size_t, const Json*> m_batches;  // in the journal's entries
};

}  // namespace

EncodedData encodeData(const model::Summarizer& summarizer, const text::Dataset& data,
                       bool targets) {
    EncodedData encoded;
    for (const text::Example& example : data.examples) {
        model::Summarizer::Source source = summarizer.encodeSource(example.source);
        encoded.sources.push_back(std::move(source.ids));
        encoded.fullLengths.push_back(source.fullLength);
        if (targets) encoded.targets.push_back(summarizer.encodeTarget(example.references.front()));
    }
    return encoded;
}

void requireReferences(const text::Dataset& data) {
    for (const text::Example& example : data.examples)
        if (example.references.empty())
            throw Error(fmt::format("{}: example {} has no reference to compare with.",
                                    printable(data.file.string(), 1000), printable(example.id)),
                        data.file.string());
}

std::vector<std::vector<std::string>> referencesOnLines(const text::Dataset& data,
                                                        const text::SentenceSplitter& splitter) {
    std::vector<std::vector<std::string>> references;
    for (const text::Example& example : data.examples) {
        std::vector<std::string>& lines = references.emplace_back();
        for (const std::string& reference : example.references)
            lines.push_back(splitter.onLines(reference));
    }
    return references;
}

Json journalIdentity(const checkpoint::Checkpoint& checkpoint, const Json& plan,
                     std::string_view form, const backend::Compute& compute) {
    const backend::BackendInfo info = compute.backend.info();
    Json identity = {{"format", "rankscope evaluation journal 1"},
                     {"program", RANKSCOPE_VERSION},
                     {"libtorch", info.torchVersion},
                     {"threads", info.threads},
                     {"device", compute.device.name()},
                     {"checkpoint", checkpoint.fingerprint()},
                     {"config", checkpoint.configJson()}};
    if (!form.empty()) identity["form"] = form;
    identity["plan"] = plan;
    return identity;
}

Batches lossBatches(const EncodedData& data, std::int64_t tokenBudget) {
    const auto targets = lengthsOf(data.targets);
    Batches batches;
    for (auto& group : model::batchesByLength(lengthsOf(data.sources), tokenBudget)) {
        std::vector<std::size_t> batch;
        std::int64_t longest = 1;
        for (const std::size_t position : group) {
            const std::int64_t width = std::max(longest, targets[position]);
            const auto rows = static_cast<std::int64_t>(batch.size()) + 1;
            if (!batch.empty() && rows * width * targetTokenWeight > tokenBudget) {
                batches.push_back(std::exchange(batch, {}));
                longest = 1;
            }
            longest = std::max(longest, targets[position]);
            batch.push_back(position);
        }
        batches.push_back(std::move(batch));
    }
    return batches;
}

Batches generationBatches(const EncodedData& data, const model::SummarizationOptions& options) {
    return model::batchesByLength(lengthsOf(data.sources), options.tokenBudget,
                                  options.generation.beams * options.generation.maxNewTokens);
}

/// compute(positions, progress) gives the rows of a batch as the journal keeps them; accept(rows,
/// positions) puts them into the run. Returns the seconds of all batches.
template <typename Compute, typename Accept>
double RunMeasurement::batches(const Phase& phase, EvaluationRun& run, const Progress& progress,
                               const Compute& compute, const Accept& accept) const {
    const Batches& groups = phase.batches;
    using Clock = std::chrono::steady_clock;
    Json key = m_identity;
    key.update(phase.key);
    BatchJournal journal;
    if (m_useJournal) journal.open(key, progress);
    double seconds = 0;
    std::size_t done = 0;
    const auto count = static_cast<double>(m_data.sources.size());
    for (std::size_t b = 0; b < groups.size(); ++b) {
        throwIfStopped(progress);
        const LabelledPart part(progress, static_cast<double>(done) / count,
                                static_cast<double>(done + groups[b].size()) / count,
                                fmt::format("{}: {} {} of {}", run.checkpoint, phase.label, done,
                                            m_data.sources.size()));
        part.report(0, {});
        done += groups[b].size();
        const Json* known = journal.find(b);
        if (known != nullptr && known->contains("rows") &&
            (*known)["rows"].size() == groups[b].size() && known->contains("seconds") &&
            (*known)["seconds"].is_number() && accept((*known)["rows"], groups[b])) {
            seconds += (*known)["seconds"].template get<double>();
            run.fromJournal = true;
            continue;
        }
        const Clock::time_point start = Clock::now();
        const Json rows = compute(groups[b], part);
        const double spent = std::chrono::duration<double>(Clock::now() - start).count();
        seconds += spent;
        accept(rows, groups[b]);
        journal.add(b, {{"seconds", spent}, {"rows", rows}}, progress);
    }
    return seconds;
}

void RunMeasurement::losses(EvaluationRun& run, const Progress& progress) const {
    model::Summarizer& summarizer = *m_subject.summarizer;
    const model::SummarizationOptions& options = summarizer.options();
    run.lossSeconds = batches(
        {{{"phase", "loss"},
          {"sources", hashOf(m_data.sources)},
          {"targets", hashOf(m_data.targets)},
          {"token_budget", options.tokenBudget},
          {"compute", model::computeTypeName(options.compute)}},
         "losses",
         lossBatches(m_data, options.tokenBudget)},
        run, progress,
        [&](const std::vector<std::size_t>& positions, const Progress& part) {
            Json rows = Json::array();
            for (const backend::SequenceLoss& loss : summarizer.loss(
                     chosen(m_data.sources, positions), chosen(m_data.targets, positions), part))
                rows.push_back({finiteOrNan(loss.sum), loss.tokens});
            return rows;
        },
        [&](const Json& rows, const std::vector<std::size_t>& positions) {
            return readLosses(rows, positions, run.results);
        });
    run.lossTokensPerSecond =
        rate(tokensOf(m_data.sources) + tokensOf(m_data.targets), run.lossSeconds);
}

void RunMeasurement::summaries(EvaluationRun& run, const Progress& progress) const {
    model::Summarizer& summarizer = *m_subject.summarizer;
    const model::SummarizationOptions& options = summarizer.options();
    run.generateSeconds = batches(
        {{{"phase", "generate"}, {"sources", hashOf(m_data.sources)}, {"options", toJson(options)}},
         "summaries",
         generationBatches(m_data, options)},
        run, progress,
        [&](const std::vector<std::size_t>& positions, const Progress& part) {
            Json rows = Json::array();
            for (const backend::GeneratedSequence& sequence :
                 summarizer.generate(chosen(m_data.sources, positions), part))
                rows.push_back(sequence.ids);
            return rows;
        },
        [&](const Json& rows, const std::vector<std::size_t>& positions) {
            return readIds(rows, positions, run.results);
        });
    std::int64_t tokens = 0;
    for (SampleResult& result : run.results) {
        result.output = summarizer.textOf(result.ids);
        tokens += static_cast<std::int64_t>(result.ids.size());
    }
    run.generatedLength = static_cast<double>(tokens) / static_cast<double>(run.results.size());
    run.generateTokensPerSecond = rate(tokens, run.generateSeconds);
}

}  // namespace rankscope::evaluate
