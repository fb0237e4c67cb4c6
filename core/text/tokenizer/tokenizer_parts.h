// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer/added_tokens.h"
#include "core/text/tokenizer/decoding.h"
#include "core/text/tokenizer/text_pipeline.h"

namespace rankscope::text {

/// The content of a tokenizer file of either kind.
struct TokenizerParts {
    std::vector<std::string> pieces;  ///< position is the id
    std::vector<double> scores;       ///< one per piece
    std::int32_t unknown = 0;
    std::int32_t eos = 0;
    std::vector<AddedToken> added;
    std::vector<NormaliserStep> normaliser;
    PreTokenizer preTokenizer;
    Decoder decoder;
};

/// The settings that tokenizer_config.json adds.
struct TokenizerSettings {
    bool cleanUp = false;               ///< clean_up_tokenization_spaces
    std::string padToken = "<pad>";     ///< pad_token
    int extraIds = 100;                 ///< extra_ids: sentinels added to a spiece.model
    Prepend prepend = Prepend::Always;  ///< of a spiece.model: add_prefix_space and legacy
    std::vector<AddedToken> added;      ///< of a spiece.model: added_tokens_decoder
};

/// Settings of a folder, the defaults if it has no tokenizer_config.json. Throws Error.
TokenizerSettings readTokenizerSettings(const std::filesystem::path& folder);

/// From the text of a tokenizer.json. Throws Error naming `file`, the place and what to do.
TokenizerParts readTokenizerJson(std::string_view text, const std::filesystem::path& file);

/// From the bytes of a SentencePiece model, completed as transformers' AutoTokenizer does:
/// sentinels after the pieces, the highest id <extra_id_0>; control and user-defined pieces as
/// added tokens. Throws Error naming `file`, the place and what to do.
TokenizerParts readSpieceModel(std::string_view bytes, const std::filesystem::path& file,
                               const TokenizerSettings& settings);

/// Throws Error if pieces, scores, added tokens and ids contradict each other.
void checkParts(const TokenizerParts& parts, const std::filesystem::path& file);

/// Largest tokenizer file that is read, bytes; T5's tokenizer.json has 2.4 MB.
inline constexpr std::size_t largestTokenizerFile = std::size_t{64} << 20U;

}  // namespace rankscope::text
