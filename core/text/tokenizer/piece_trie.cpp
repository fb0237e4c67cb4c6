// SPDX-License-Identifier: Apache-2.0
#include "core/text/tokenizer/piece_trie.h"

#include <algorithm>
#include <numeric>

namespace rankscope::text {

PieceTrie::PieceTrie(std::span<const std::string> pieces) {
    std::vector<std::int32_t> order(pieces.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return pieces[static_cast<std::size_t>(a)] < pieces[static_cast<std::size_t>(b)];
    });
    // Breadth first: a node's children are adjacent, made when the node's turn comes.
    struct Range {
        std::size_t begin, end;  // of `order`: the pieces below the node
        std::size_t depth;
    };
    std::vector<Range> ranges = {{0, order.size(), 0}};
    m_nodes.emplace_back();
    const auto piece = [&](std::size_t i) -> const std::string& {
        return pieces[static_cast<std::size_t>(order[i])];
    };
    for (std::size_t node = 0; node < m_nodes.size(); ++node) {
        const auto [begin, end, depth] = ranges[node];
        m_longest = std::max(m_longest, depth);
        std::size_t i = begin;
        for (; i < end && piece(i).size() == depth; ++i)
            if (depth > 0) m_nodes[node].id = order[i];
        m_nodes[node].children = static_cast<std::uint32_t>(m_nodes.size());
        while (i < end) {
            const char label = piece(i)[depth];
            std::size_t next = i;
            while (next < end && piece(next)[depth] == label) ++next;
            const auto byte = static_cast<unsigned char>(label);
            if (node == 0) m_first[byte] = static_cast<std::uint32_t>(m_nodes.size());
            m_nodes.push_back({.label = byte});
            ranges.push_back({i, next, depth + 1});
            ++m_nodes[node].count;
            i = next;
        }
    }
}

std::int32_t PieceTrie::find(std::string_view piece) const {
    std::uint32_t node = 0;
    for (const char c : piece) {
        node = child(node, static_cast<unsigned char>(c));
        if (node == 0) return -1;
    }
    return m_nodes[node].id;
}

}  // namespace rankscope::text
