// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>

#include "core/base/option.h"
#include "core/text/dataset/dataset.h"

namespace rankscope::text {

/// Reads dialogues and summaries from a file or a folder that has one per split: JSON (array, or
/// {"data": [...]}), JSON lines, CSV (RFC 4180), SAMSum's corpus.7z, Arrow streams as `datasets`
/// saves them (file or folder), Parquet if Arrow was there at build time. The kind is recognised by
/// content, not by name. Fields of SAMSum, DialogSum, CNN/DailyMail and XSum are recognised. Throws
/// Error: unreadable, no such field (names those there are), no usable row at all, damaged archive
/// …
Dataset readDataset(const std::filesystem::path& file, const DatasetOptions& options);

/// The options --source-field, --target-field, --split and --limit.
std::span<const Option> datasetOptionTable();

}  // namespace rankscope::text
