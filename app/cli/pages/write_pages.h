// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <filesystem>

namespace rankscope::cli {

/// The word that makes the program write its pages; the build runs it, users need not know it.
constexpr const char* writePagesOption = "--write-pages";

/// Writes the manual pages and completions of both programs into a folder laid out like an
/// installation's share/. They depend on the option tables alone. Throws Error.
void writePages(CLI::App& program, const std::filesystem::path& share);

}  // namespace rankscope::cli
