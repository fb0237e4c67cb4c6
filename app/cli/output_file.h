// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/output_claim.h"
#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/report/figure.h"

namespace rankscope::cli {

/// A file asked for with --out; its ending says what is written into it.
class OutputFile {
 public:
    /// An empty `path` means that no file is wanted. Throws a usage Error if the ending is none
    /// of `endings` (".csv" …), and Error if the file cannot be made, before any work is done.
    /// From then on a file that is there cannot be read by this command (OutputClaim). What killed
    /// runs left of it is removed.
    OutputFile(std::string path, std::initializer_list<std::string_view> endings,
               const Progress& progress);

    bool wanted() const { return !m_path.empty(); }
    bool isFigure() const;
    const std::string& ending() const { return m_ending; }
    const std::filesystem::path& path() const { return m_path; }

    /// Throws Error if the file would replace one of the checkpoint's own.
    void refuseSource(const checkpoint::Checkpoint& checkpoint) const;

    void writeText(std::string_view text) const;
    /// Has the window's plot code draw the figure into this file.
    void writeFigure(report::FigureRequest request, const Progress& progress) const;

 private:
    std::filesystem::path m_path;
    std::string m_ending;
    std::optional<OutputClaim> m_claim;
};

}  // namespace rankscope::cli
