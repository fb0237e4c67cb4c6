// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rankscope::text {

/// Splits English text into sentences by Punkt (Kiss and Strunk 2006), as nltk's sent_tokenize
/// does. With the parameters of an nltk_data folder (tokenizers/punkt_tab/english) the sentences
/// are nltk's; without one a short list of abbreviations of our own is used, and
/// docs/results.md says how far the results differ.
class SentenceSplitter {
 public:
    /// The parameters of the first of NLTK_DATA, ~/nltk_data, /usr/share/nltk_data, … (nltk's
    /// order) that has them, else the built-in ones. Damaged files: Error naming file and line.
    static SentenceSplitter find();
    static SentenceSplitter builtIn();
    /// From a folder with abbrev_types.txt, collocations.tab, ortho_context.tab, sent_starters.txt.
    static SentenceSplitter open(const std::filesystem::path& folder);

    SentenceSplitter(SentenceSplitter&&) noexcept;
    SentenceSplitter& operator=(SentenceSplitter&&) noexcept;
    ~SentenceSplitter();

    /// The sentences, without the white space between them.
    std::vector<std::string> split(std::string_view text) const;
    /// One sentence per line, as ROUGE-Lsum wants them.
    std::string onLines(std::string_view text) const;
    /// For provenance: "Punkt, nltk_data" or "Punkt, built-in abbreviations".
    std::string_view name() const;

 private:
    struct Parameters;
    explicit SentenceSplitter(std::unique_ptr<const Parameters> parameters);
    std::unique_ptr<const Parameters> m_parameters;
};

}  // namespace rankscope::text
