// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/unigram.h"

#include <algorithm>
#include <queue>

#include "core/text/utf8.h"

namespace rankscope::text {

namespace {

constexpr double unknownPenalty = 10;
constexpr std::size_t firstWindow = 1 << 16;  // bytes of a word before a part of it is settled

}  // namespace

/// The Viterbi search over one word.
class WordLattice {
 public:
    WordLattice(const Unigram& model, std::string_view word, std::vector<std::int32_t>& ids)
        : m_model(model), m_word(word), m_ids(ids) {}

    void run() {
        m_best.reserve(std::min(m_word.size() + 1, firstWindow));
        m_best.resize(1);
        std::size_t window = firstWindow;
        for (std::size_t position = 0; position < m_word.size();) {
            if (position - m_settled > window && !settleWhatIsDecided(position)) window *= 2;
            position += extend(position);
        }
        settle(m_word.size());
        endUnknown();
    }

 private:
    /// The best path to a place: its score and the last piece of it.
    struct Best {
        double score = 0;
        std::int32_t id = 0;
        std::uint32_t bytes = 0;  ///< of the last piece; 0: not reached
    };

    Best& at(std::size_t position) {
        const std::size_t index = position - m_settled;
        if (index >= m_best.size()) m_best.resize(index + 1);
        return m_best[index];
    }

    void offer(std::size_t from, std::size_t bytes, std::int32_t id, double score) {
        Best& best = at(from + bytes);
        if (best.bytes == 0 || score > best.score)
            best = {score, id, static_cast<std::uint32_t>(bytes)};
    }

    /// Tries every piece at `position`; returns the bytes of the character there.
    std::size_t extend(std::size_t position) {
        const double score = at(position).score;
        const std::size_t one = characterAt(m_word, position).bytes;
        bool known = false;
        m_model.m_trie.prefixes(m_word.substr(position), [&](std::size_t bytes, std::int32_t id) {
            offer(position, bytes, id, m_model.m_scores[static_cast<std::size_t>(id)] + score);
            known = known || bytes == one;
        });
        if (!known) offer(position, one, m_model.m_unknown, m_model.m_unknownScore + score);
        return one;
    }

    /// All open paths lead through some last common place: emits everything before it.
    bool settleWhatIsDecided(std::size_t position) {
        std::priority_queue<std::size_t> places;
        for (std::size_t i = position - m_settled; i < m_best.size(); ++i)
            if (m_best[i].bytes > 0) places.push(m_settled + i);
        std::size_t last = places.top();
        while (last > m_settled) {
            const std::size_t before = last - at(last).bytes;
            places.pop();
            while (!places.empty() && places.top() == last) places.pop();
            if (places.empty()) break;
            places.push(before);
            last = places.top();
        }
        if (last == m_settled) return false;
        settle(last);
        return true;
    }

    /// Emits the best path from the settled part's end to `end`.
    void settle(std::size_t end) {
        m_path.clear();
        for (std::size_t place = end; place > m_settled; place -= at(place).bytes)
            m_path.push_back(place);
        // NOLINTNEXTLINE(modernize-loop-convert): clang 14 cannot read GCC 12's std::views
        for (auto place = m_path.rbegin(); place != m_path.rend(); ++place) {
            const Best& best = at(*place);
            if (best.id == m_model.m_unknown) {
                if (m_unknownBytes == 0) m_unknownBegin = *place - best.bytes;
                m_unknownBytes += best.bytes;
                continue;
            }
            endUnknown();
            m_ids.push_back(best.id);
        }
        m_best.erase(m_best.begin(), m_best.begin() + static_cast<std::ptrdiff_t>(end - m_settled));
        m_settled = end;
    }

    /// Adjacent unknown characters are one piece, which may be a known one.
    void endUnknown() {
        if (m_unknownBytes == 0) return;
        const std::int32_t id = m_model.find(m_word.substr(m_unknownBegin, m_unknownBytes));
        m_ids.push_back(id >= 0 ? id : m_model.m_unknown);
        m_unknownBytes = 0;
    }

    const Unigram& m_model;
    std::string_view m_word;
    std::vector<std::int32_t>& m_ids;
    std::vector<Best> m_best;         ///< [0] is the place m_settled
    std::size_t m_settled = 0;        ///< bytes whose pieces are emitted
    std::vector<std::size_t> m_path;  ///< ends of pieces
    std::size_t m_unknownBegin = 0, m_unknownBytes = 0;
};

Unigram::Unigram(std::vector<std::string> pieces, std::vector<double> scores, std::int32_t unknown)
    : m_pieces(std::move(pieces)),
      m_scores(std::move(scores)),
      m_unknown(unknown),
      m_unknownScore(*std::min_element(m_scores.begin(), m_scores.end()) - unknownPenalty),
      m_trie(m_pieces) {}

void Unigram::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
    WordLattice(*this, word, ids).run();
}

}  // namespace rankscope::text
