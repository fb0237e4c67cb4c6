// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/spectra/spectrum.h"

namespace rankscope::workspace {

/// The content of an HDF5 file of spectra.
struct SpectraFile {
    std::string fingerprint;  ///< of the checkpoint, Checkpoint::fingerprint()
    std::string label;        ///< of the checkpoint, as the user named it
    std::vector<spectra::Spectrum> spectra;
};

/// Writes an HDF5 file of spectra atomically; throws Error naming the path. Layout, version 1:
///
///   /                      attributes  format       "rankscope-spectra"
///                                      version      int64, 1
///                                      program      "rankscope 0.1.0"
///                                      created      "2024-06-07T12:00:00Z"
///                                      checkpoint   as the user named it
///                                      fingerprint  64 hexadecimal digits
///   /spectra/<matrix>      float64 [min(rows, columns)], little-endian, contiguous, no filter:
///                          singular values, descending
///                          attributes  rows, columns  int64
///                                      direct         int64, 1 if a direct SVD was made
///                                      sha256         of "<matrix>\n<rows>\n<columns>\n<direct>\n"
///                                                     and the values' bytes
///
/// Strings are UTF-8 of fixed length. <matrix> is the dense tensor name. Metadata is that of
/// HDF5 1.8 (checksummed), read by every version since.
void writeSpectraFile(const std::filesystem::path& path, const SpectraFile& content);

/// Decodes the bytes of such a file, whatever their origin: no plugin is loaded; links other than
/// hard ones, external or virtual storage, filters, sizes that do not fit and wrong hashes are
/// refused. Throws Error naming `what`.
SpectraFile decodeSpectra(std::span<const std::byte> bytes, const std::string& what);

/// Before the work: throws Error if `path` exists and is not a file of spectra.
void requireReplaceableBySpectra(const std::filesystem::path& path);

/// Writes spectra to an HDF5 file (layout in docs/formats.md), atomically.
void writeSpectraHdf5(const std::filesystem::path& path, const checkpoint::Checkpoint& checkpoint,
                      std::span<const spectra::Spectrum> spectra);

}  // namespace rankscope::workspace
