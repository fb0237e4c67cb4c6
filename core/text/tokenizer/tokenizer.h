// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// Token ids of one text.
struct Encoding {
    std::vector<std::int32_t> ids;  ///< ending in </s>
    std::int64_t fullLength = 0;    ///< ids before truncation, including </s>
    bool truncated() const { return fullLength > static_cast<std::int64_t>(ids.size()); }
};

/// A T5's Unigram tokenizer: the ids that transformers' fast tokenizer gives.
class Tokenizer {
 public:
    /// From `folder`/tokenizer.json, else `folder`/spiece.model. Throws Error naming the file, the
    /// place and what to do: none there, truncated, not Unigram, pieces or ids that contradict …
    static Tokenizer open(const std::filesystem::path& folder);
    /// From one file of either kind, by content.
    static Tokenizer openFile(const std::filesystem::path& file);

    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// Normalise, split, Viterbi per word, append </s>. Special tokens written in the text become
    /// their ids. With `maxLength` > 0 at most that many ids: the first maxLength - 1 and </s>.
    /// Bytes that are not UTF-8 are replaced by U+FFFD as Python's errors="replace" does.
    Encoding encode(std::string_view text, std::int64_t maxLength = 0) const;

    struct DecodeOptions {
        bool skipSpecial = true;
        bool cleanUp = false;  ///< clean_up_tokenization_spaces: no space before ".", ",", "n't" …
    };
    /// Text of ids. Ids without a piece (unused rows of the embedding) give nothing.
    std::string decode(const std::vector<std::int32_t>& ids, const DecodeOptions& options) const;

    /// clean_up_tokenization_spaces of the folder's tokenizer_config.json; else false, as in
    /// transformers 5.
    bool cleanUpByDefault() const;

    /// The piece of an id as in the file; empty if it has none.
    std::string_view piece(std::int32_t id) const;
    /// One more than the largest id. The model's embedding must have at least as many rows.
    std::int64_t size() const;
    std::int32_t padId() const;
    std::int32_t eosId() const;
    std::int32_t unknownId() const;
    /// The file the pieces came from.
    const std::filesystem::path& file() const;

 private:
    struct Model;
    explicit Tokenizer(std::unique_ptr<const Model> model);
    std::unique_ptr<const Model> m_model;
};

}  // namespace rankscope::text
