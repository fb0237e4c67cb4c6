// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"

namespace rankscope::text {

/// Bytes of one protobuf field.
std::string varintBytes(std::uint64_t value);
std::string varintField(std::uint32_t number, std::uint64_t value);
std::string bytesField(std::uint32_t number, std::string_view bytes);

/// A SentencePiece model written by hand.
struct TestPiece {
    std::string text;
    float score = 0;
    int type = 1;  ///< 1 normal, 2 unknown, 3 control, 4 user-defined
};
struct TestModel {
    std::vector<TestPiece> pieces = {{"<pad>", 0, 3}, {"</s>", 0, 3}, {"<unk>", 0, 2},
                                     {"\u2581", -2},  {"a", -3},      {"b", -3.5F},
                                     {"ab", -5},      {"\u2581a", -4}};
    std::int64_t unknown = 2, eos = 1, modelType = 1;
    bool byteFallback = false;
    std::string charsmap;
};
std::string spieceBytes(const TestModel& model);

/// The same vocabulary as a tokenizer.json without normaliser.
Json tokenizerDocument();

}  // namespace rankscope::text
