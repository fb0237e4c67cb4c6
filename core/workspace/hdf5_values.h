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

/// How our HDF5 files are accessed: metadata of HDF5 1.8 (checksummed).
Hdf5Handle fileAccess();

/// A scalar attribute of an object; Error if HDF5 fails.
void writeText(hid_t object, const char* name, std::string text);
void writeNumber(hid_t object, const char* name, std::int64_t value);
/// A contiguous one-dimensional dataset of float64 without filters.
Hdf5Handle writeDoubles(hid_t group, const std::string& name, std::span<const double> values);

/// The attributes at the start of each of our files: format, version, program, created.
void writeFormat(hid_t file, const char* format, std::int64_t version);

/// The format that writeFormat() wrote into the file; empty if it is not one of ours.
std::string formatOf(const std::filesystem::path& path);

/// Throws Error if `path` exists, is not empty, and of another format: it is not replaced.
void requireFormatToReplace(const std::filesystem::path& path, const char* format,
                            std::string_view what);

/// Reads values of a file of any origin and trusts none; every refusal is `refusal(reason)`.
class Hdf5Reader {
 public:
    using Refusal = std::function<std::string(const std::string& reason)>;
    explicit Hdf5Reader(Refusal refusal) : m_refusal(std::move(refusal)) {}

    /// Throws Error if the file is of another format or version.
    void requireFormat(hid_t file, const char* format, std::int64_t version) const;
    std::string text(hid_t object, const char* name) const;
    std::int64_t number(hid_t object, const char* name) const;
    /// The values that writeDoubles wrote, 1 to `most`: contiguous, no filter, no external storage.
    std::vector<double> doubles(hid_t dataset, std::size_t most, const std::string& reason,
                                std::size_t least = 1) const;
    /// Names of a group's links, all hard ones, at most `most`.
    std::vector<std::string> names(hid_t group, std::size_t most) const;

    std::string refusal(const std::string& reason) const { return m_refusal(reason); }

 private:
    Hdf5Handle openAttribute(hid_t object, const char* name, H5T_class_t kind) const;

    Refusal m_refusal;
};

}  // namespace rankscope::workspace
