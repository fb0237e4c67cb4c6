// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace rankscope {

/// splitmix64 (Steele, Lea, Flood 2014): the same numbers on every machine for the same seed.
class RandomNumbers {
 public:
    explicit RandomNumbers(std::uint64_t seed) : m_state(seed) {}

    /// 64 random bits.
    std::uint64_t next() {
        std::uint64_t z = (m_state += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }

    /// [0, 1): the top 53 bits.
    double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

 private:
    std::uint64_t m_state;
};

}  // namespace rankscope
