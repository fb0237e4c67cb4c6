// SPDX-License-Identifier: Apache-2.0
#include "core/torch/kernels/best_tokens.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

namespace rankscope::torch_backend {

namespace {

constexpr float minusInfinity = -std::numeric_limits<float>::infinity();
constexpr std::int64_t lanes = 16;
constexpr std::int64_t blockSize = 128;  // logits that share one maximum

/// e^x for x <= 0 to 2 units in the last place; below -87 it is e^-87. Without branches or calls,
/// so that loops over it become vector code.
[[gnu::always_inline]] inline float exponential(float x) {
    constexpr float toInteger = 12582912.0F;  // 1.5 · 2^23: adding it rounds to a whole number
    x = x < -87.0F ? -87.0F : x;
    const float shifted = x * 1.44269504F + toInteger;
    const float power = shifted - toInteger;
    const float r = (x - power * 0.693359375F) + power * 2.12194440e-4F;
    float sum = 1.0F / 5040.0F;
    sum = sum * r + 1.0F / 720.0F;
    sum = sum * r + 1.0F / 120.0F;
    sum = sum * r + 1.0F / 24.0F;
    sum = sum * r + 1.0F / 6.0F;
    sum = sum * r + 0.5F;
    sum = sum * r + 1.0F;
    sum = sum * r + 1.0F;
    return sum * std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U);
}

/// Σ e^(logits - greatest): 16 partial sums side by side, added up in float64 now and then, since
/// float32 would lose the difference between the log-probabilities of two rows.
[[gnu::always_inline]] inline double exponentialSum(const float* logits, std::int64_t count,
                                                    float greatest) {
    constexpr std::int64_t stretch = 1024;
    double sum = 0;
    for (std::int64_t begin = 0; begin < count; begin += stretch) {
        const std::int64_t end = std::min(begin + stretch, count);
        float parts[lanes] = {};
        std::int64_t i = begin;
        for (; i + lanes <= end; i += lanes)
            for (std::int64_t lane = 0; lane < lanes; ++lane)
                parts[lane] += exponential(logits[i + lane] - greatest);
        for (; i < end; ++i) sum += static_cast<double>(exponential(logits[i] - greatest));
        for (const float part : parts) sum += static_cast<double>(part);
    }
    return sum;
}

/// Greatest of each block of logits; NaN is skipped.
[[gnu::always_inline]] inline void blockMaxima(const float* logits, std::int64_t count,
                                               float* maxima) {
    for (std::int64_t begin = 0; begin < count; begin += blockSize) {
        const std::int64_t end = std::min(begin + blockSize, count);
        float parts[lanes];
        for (float& part : parts) part = minusInfinity;
        std::int64_t i = begin;
        for (; i + lanes <= end; i += lanes)
            for (std::int64_t lane = 0; lane < lanes; ++lane)
                parts[lane] = logits[i + lane] > parts[lane] ? logits[i + lane] : parts[lane];
        for (; i < end; ++i) parts[0] = logits[i] > parts[0] ? logits[i] : parts[0];
        for (std::int64_t half = lanes / 2; half > 0; half /= 2)
            for (std::int64_t lane = 0; lane < half; ++lane)
                parts[lane] = std::max(parts[lane], parts[lane + half]);
        maxima[begin / blockSize] = parts[0];
    }
}

/// The two loops over all logits in one processor kind's instructions.
struct RowLoops {
    double (*exponentialSum)(const float*, std::int64_t, float);
    void (*blockMaxima)(const float*, std::int64_t, float*);
};

double portableSum(const float* logits, std::int64_t count, float greatest) {
    return exponentialSum(logits, count, greatest);
}
void portableMaxima(const float* logits, std::int64_t count, float* maxima) {
    blockMaxima(logits, count, maxima);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) double avx2Sum(const float* logits, std::int64_t count,
                                               float greatest) {
    return exponentialSum(logits, count, greatest);
}
__attribute__((target("avx2"))) void avx2Maxima(const float* logits, std::int64_t count,
                                                float* maxima) {
    blockMaxima(logits, count, maxima);
}
__attribute__((target("avx512f"))) double avx512Sum(const float* logits, std::int64_t count,
                                                    float greatest) {
    return exponentialSum(logits, count, greatest);
}
__attribute__((target("avx512f"))) void avx512Maxima(const float* logits, std::int64_t count,
                                                     float* maxima) {
    blockMaxima(logits, count, maxima);
}
#endif

RowLoops loopsOfThisProcessor() {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f")) return {avx512Sum, avx512Maxima};
    if (__builtin_cpu_supports("avx2")) return {avx2Sum, avx2Maxima};
#endif
    return {portableSum, portableMaxima};
}

struct TokenChoice {
    float logit = 0;
    std::int32_t token = 0;
};

bool better(const TokenChoice& a, const TokenChoice& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

/// Finds the best tokens of one row after the other; keeps its memory between rows.
class RowScan {
 public:
    RowScan(std::int64_t vocabulary, std::int64_t count)
        : m_loops(loopsOfThisProcessor()),
          m_vocabulary(vocabulary),
          m_count(count),
          m_maxima(static_cast<std::size_t>((vocabulary + blockSize - 1) / blockSize)) {}

    void scan(const float* logits, const std::vector<std::int32_t>& banned, float* logProbabilities,
              std::int32_t* tokens) {
        m_loops.blockMaxima(logits, m_vocabulary, m_maxima.data());
        choose(logits, banned);
        const float greatest = *std::max_element(m_maxima.begin(), m_maxima.end());
        const auto logSum =
            static_cast<float>(std::log(m_loops.exponentialSum(logits, m_vocabulary, greatest)));
        const std::size_t found = std::min(m_choices.size(), static_cast<std::size_t>(m_count));
        for (std::size_t i = 0; i < found; ++i) {
            logProbabilities[i] = (m_choices[i].logit - greatest) - logSum;
            tokens[i] = m_choices[i].token;
        }
        if (found < static_cast<std::size_t>(m_count))
            fill(found, minusInfinity - logSum, logProbabilities, tokens);
    }

 private:
    /// At least as many logits reach the returned value as tokens are wanted or banned: so many
    /// blocks have a maximum that does.
    float threshold(std::size_t bans) {
        const std::size_t wanted = static_cast<std::size_t>(m_count) + bans;
        if (wanted > m_maxima.size()) return minusInfinity;
        m_ordered = m_maxima;
        const auto nth = m_ordered.begin() + static_cast<std::ptrdiff_t>(wanted - 1);
        std::nth_element(m_ordered.begin(), nth, m_ordered.end(), std::greater<>());
        return *nth;
    }

    void choose(const float* logits, const std::vector<std::int32_t>& banned) {
        m_choices.clear();
        const float least = threshold(banned.size());
        for (std::size_t block = 0; block < m_maxima.size(); ++block) {
            if (m_maxima[block] < least) continue;
            const std::int64_t begin = static_cast<std::int64_t>(block) * blockSize;
            const std::int64_t end = std::min(begin + blockSize, m_vocabulary);
            for (std::int64_t i = begin; i < end; ++i) {
                const auto token = static_cast<std::int32_t>(i);
                if (logits[i] >= least &&
                    std::find(banned.begin(), banned.end(), token) == banned.end())
                    m_choices.push_back({logits[i], token});
            }
        }
        const std::size_t kept = std::min(m_choices.size(), static_cast<std::size_t>(m_count));
        std::partial_sort(m_choices.begin(), m_choices.begin() + static_cast<std::ptrdiff_t>(kept),
                          m_choices.end(), better);
    }

    /// The smallest ids not yet chosen, if bans or NaN leave too few.
    void fill(std::size_t found, float value, float* logProbabilities, std::int32_t* tokens) const {
        std::int32_t token = 0;
        for (auto i = static_cast<std::int64_t>(found); i < m_count; ++token) {
            if (std::find(tokens, tokens + i, token) != tokens + i) continue;
            logProbabilities[i] = value;
            tokens[i++] = token;
        }
    }

    RowLoops m_loops;
    std::int64_t m_vocabulary;
    std::int64_t m_count;
    std::vector<float> m_maxima, m_ordered;
    std::vector<TokenChoice> m_choices;
};

const std::vector<std::int32_t>& bannedIn(const BannedTokens& banned, std::int64_t row) {
    static const std::vector<std::int32_t> none;
    return banned.empty() ? none : banned[static_cast<std::size_t>(row)];
}

/// The same with ATen's operations, and one transfer to the host.
BestTokens bestOnDevice(const at::Tensor& logits, std::int64_t count, const BannedTokens& banned) {
    at::Tensor logProbabilities = at::log_softmax(logits, -1);
    std::vector<std::int64_t> places;
    for (std::size_t row = 0; row < banned.size(); ++row)
        for (const std::int32_t token : banned[row])
            places.push_back(static_cast<std::int64_t>(row) * logits.size(1) + token);
    if (!places.empty())
        logProbabilities.view(-1).index_fill_(0, at::tensor(places, at::kLong).to(logits.device()),
                                              minusInfinity);
    const auto [values, indices] = logProbabilities.topk(count, -1);
    // Ids are exact in float64, as log-probabilities are.
    const at::Tensor both =
        at::stack({values.to(at::kDouble), indices.to(at::kDouble)}).to(at::kCPU);
    BestTokens best;
    best.count = count;
    const double* from = both.data_ptr<double>();
    const std::int64_t size = values.numel();
    for (std::int64_t i = 0; i < size; ++i) {
        best.logProbabilities.push_back(static_cast<float>(from[i]));
        best.tokens.push_back(static_cast<std::int32_t>(from[size + i]));
    }
    return best;
}

}  // namespace

BestTokens bestTokens(const at::Tensor& logits, std::int64_t count, const BannedTokens& banned) {
    if (!logits.device().is_cpu()) return bestOnDevice(logits, count, banned);
    const at::Tensor rows = logits.contiguous();
    const float* from = rows.data_ptr<float>();
    const std::int64_t vocabulary = rows.size(1);
    BestTokens best;
    best.count = count;
    best.logProbabilities.resize(static_cast<std::size_t>(rows.size(0) * count));
    best.tokens.resize(best.logProbabilities.size());
    at::parallel_for(0, rows.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        RowScan scan(vocabulary, count);
        for (std::int64_t row = begin; row < end; ++row)
            scan.scan(from + row * vocabulary, bannedIn(banned, row),
                      best.logProbabilities.data() + row * count, best.tokens.data() + row * count);
    });
    return best;
}

}  // namespace rankscope::torch_backend
