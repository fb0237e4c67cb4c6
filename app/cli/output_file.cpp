// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/leftovers.h"

namespace rankscope::cli {

namespace fs = std::filesystem;

OutputFile::OutputFile(std::string path, std::initializer_list<std::string_view> endings,
                       const Progress& progress)
    : m_path(std::move(path)) {
    if (m_path.empty()) return;
    m_ending = m_path.extension().string();
    std::transform(m_ending.begin(), m_ending.end(), m_ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(endings.begin(), endings.end(), m_ending) == endings.end())
        throw usageError(fmt::format("--out {}: the name must end in one of {}.",
                                     printable(m_path.string()), fmt::join(endings, ", ")),
                         m_path.string());
    const fs::path folder = m_path.has_parent_path() ? m_path.parent_path() : fs::path(".");
    if (access(folder.c_str(), W_OK | X_OK) != 0)
        throw Error(fmt::format("{}: cannot write there: {}.", printable(m_path.string()),
                                errnoText(errno)),
                    m_path.string());
    if (fs::is_directory(m_path))
        throw Error(fmt::format("{} is a folder; name a file.", printable(m_path.string())),
                    m_path.string());
    std::error_code none;
    if (fs::is_symlink(fs::symlink_status(m_path, none)))
        throw Error(fmt::format("{} is a symbolic link; it is not written through. Give the real "
                                "name.",
                                printable(m_path.string())),
                    m_path.string());
    if (isFigure()) report::requireFigures();
    m_claim.emplace(m_path);
    removeLeftovers(m_path, progress);
}

bool OutputFile::isFigure() const {
    return m_ending == ".png" || m_ending == ".pdf" || m_ending == ".svg";
}

void OutputFile::refuseSource(const checkpoint::Checkpoint& checkpoint) const {
    std::error_code ignored;
    if (!wanted() || !fs::exists(m_path, ignored)) return;
    const fs::path folder = fs::weakly_canonical(checkpoint.folder(), ignored);
    if (fs::weakly_canonical(fs::absolute(m_path), ignored).parent_path() == folder)
        throw Error(fmt::format("{} is a file in the checkpoint's own folder and is not replaced; "
                                "choose another name.",
                                printable(m_path.string())),
                    m_path.string());
}

void OutputFile::writeText(std::string_view text) const { writeFileAtomically(m_path, text); }

void OutputFile::writeFigure(report::FigureRequest request, const Progress& progress) const {
    request.out = m_path;
    report::drawFigure(request, progress);
}

}  // namespace rankscope::cli
