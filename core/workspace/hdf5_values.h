// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/workspace/hdf5_handle.h"

namespace rankscope::workspace {

/// How our HDF5 files are accessed: metadata as HDF5 1.8 has it (checksummed).
Hdf5Handle fileAccess();

/// A scalar attribute of an object; Error where HDF5 fails.
void writeText(hid_t object, const char* name, std::string text);
void writeNumber(hid_t object, const char* name, std::int64_t value);
/// A contiguous one-dimensional dataset of float64 without filters.
Hdf5Handle writeDoubles(hid_t group, const std::string& name, std::span<const double> values);

/// The attributes that each of our files begins with: format, version, program, created.
void writeFormat(hid_t file, const char* format, std::int64_t version);

/// The format that writeFormat() noted in the file; empty where it is none of ours.
std::string formatOf(const std::filesystem::path& path);

/// Throws Error where `path` is there, not empty, and of another format: it is not replaced.
void requireFormatToReplace(const std::filesystem::path& path, const char* format,
                            std::string_view what);

/// Reads values of a file of any origin and trusts none; every refusal is `refusal(reason)`.
class Hdf5Reader {
 public:
    using Refusal = std::function<std::string(const std::string& reason)>;
    explicit Hdf5Reader(Refusal refusal) : m_refusal(std::move(refusal)) {}

    /// Throws Error where the file is of another format or version.
    void requireFormat(hid_t file, const char* format, std::int64_t version) const;
    std::string text(hid_t object, const char* name) const;
    std::int64_t number(hid_t object, const char* name) const;
    /// What writeDoubles wrote, 1 to `most` values: contiguous, no filter, no external storage.
    std::vector<double> doubles(hid_t dataset, std::size_t most, const std::string& reason,
                                std::size_t least = 1) const;
    /// Names of a group's links, all of them hard ones, `most` at most.
    std::vector<std::string> names(hid_t group, std::size_t most) const;

    std::string refusal(const std::string& reason) const { return m_refusal(reason); }

 private:
    Hdf5Handle openAttribute(hid_t object, const char* name, H5T_class_t kind) const;

    Refusal m_refusal;
};

}  // namespace rankscope::workspace
