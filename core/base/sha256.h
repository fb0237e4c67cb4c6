// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace rankscope {

/// SHA-256 of bytes given piece by piece (FIPS 180-4, by OpenSSL).
class Sha256 {
 public:
    Sha256();
    ~Sha256();
    void add(std::span<const std::byte> bytes);
    /// 64 hexadecimal digits; the object is used up.
    std::string hex();

 private:
    struct Context;
    std::unique_ptr<Context> m_context;
};

/// SHA-256 of one block, 64 hexadecimal digits.
std::string sha256Hex(std::span<const std::byte> bytes);

}  // namespace rankscope
