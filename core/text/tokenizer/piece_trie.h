// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// Finds which of a fixed set of strings begin at a place in a text, byte by byte.
class PieceTrie {
 public:
    /// The id of a string is its position in `pieces`; empty strings are left out, of equal ones
    /// the last counts.
    explicit PieceTrie(std::span<const std::string> pieces);

    /// Calls visit(bytes, id) for every piece that `text` begins with, shortest first.
    template <typename Visit>
    void prefixes(std::string_view text, Visit visit) const {
        std::uint32_t node = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            node = child(node, static_cast<unsigned char>(text[i]));
            if (node == 0) return;
            if (m_nodes[node].id >= 0) visit(i + 1, m_nodes[node].id);
        }
    }

    /// Id of exactly this piece, -1 if there is none.
    std::int32_t find(std::string_view piece) const;
    /// Bytes of the longest piece.
    std::size_t longest() const { return m_longest; }
    /// True if some piece begins with this byte.
    bool starts(unsigned char byte) const { return m_first[byte] != 0; }

 private:
    struct Node {
        std::uint32_t children = 0;  ///< position of the first
        std::uint16_t count = 0;     ///< of children, ascending by label
        unsigned char label = 0;
        std::int32_t id = -1;
    };
    std::uint32_t child(std::uint32_t node, unsigned char label) const {
        if (node == 0) return m_first[label];
        const Node& parent = m_nodes[node];
        std::uint32_t low = parent.children;
        std::uint32_t high = low + parent.count;
        while (low < high) {
            const std::uint32_t middle = low + (high - low) / 2;
            if (m_nodes[middle].label == label) return middle;
            if (m_nodes[middle].label < label)
                low = middle + 1;
            else
                high = middle;
        }
        return 0;
    }

    std::vector<Node> m_nodes;
    std::array<std::uint32_t, 256> m_first{};  ///< children of the root; 0: none
    std::size_t m_longest = 0;
};

}  // namespace rankscope::text
