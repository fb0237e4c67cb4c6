// SPDX-License-Identifier: Apache-2.0
#include "core/base/output_claim.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace rankscope {

namespace fs = std::filesystem;

namespace {

struct Claims {
    std::mutex mutex;
    std::vector<const OutputClaim*> all;
};

Claims& claims() {
    static auto* const made = new Claims;
    return *made;
}

}  // namespace

OutputClaim::OutputClaim(fs::path path) : m_path(std::move(path)) {
    std::error_code none;
    if (fs::is_directory(m_path, none)) {
        for (fs::directory_iterator at(m_path, none), end; !none && at != end; at.increment(none))
            if (const auto file = identityOf(at->path())) m_files.push_back(*file);
    } else if (const auto file = identityOf(m_path)) {
        m_files.push_back(*file);
    }
    const std::lock_guard lock(claims().mutex);
    claims().all.push_back(this);
}

OutputClaim::~OutputClaim() {
    const std::lock_guard lock(claims().mutex);
    std::erase(claims().all, this);
}

bool OutputClaim::holds(const FileIdentity& file) const {
    return std::ranges::find(m_files, file) != m_files.end();
}

std::optional<fs::path> claimedOutput(const FileIdentity& file) {
    const std::lock_guard lock(claims().mutex);
    for (const OutputClaim* claim : claims().all)
        if (claim->holds(file)) return claim->path();
    return std::nullopt;
}

}  // namespace rankscope
