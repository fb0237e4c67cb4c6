// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/spectra_file.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/workspace/hdf5_values.h"

namespace rankscope::workspace {

namespace {

constexpr const char* spectraFormat = "rankscope-spectra";
constexpr std::int64_t spectraVersion = 1;
constexpr std::size_t mostSpectra = 100'000;
constexpr std::size_t mostValues = 10'000'000;

std::string payloadHash(const spectra::Spectrum& spectrum) {
    const std::string head = fmt::format("{}\n{}\n{}\n{}\n", spectrum.name(), spectrum.rows(),
                                         spectrum.columns(), spectrum.direct() ? 1 : 0);
    Sha256 hash;
    hash.add(std::as_bytes(std::span(head)));
    hash.add(std::as_bytes(std::span(spectrum.singularValues())));
    return hash.hex();
}

void writeSpectrum(hid_t group, const spectra::Spectrum& spectrum) {
    const Hdf5Handle dataset = writeDoubles(group, spectrum.name(), spectrum.singularValues());
    writeNumber(dataset, "rows", spectrum.rows());
    writeNumber(dataset, "columns", spectrum.columns());
    writeNumber(dataset, "direct", spectrum.direct() ? 1 : 0);
    writeText(dataset, "sha256", payloadHash(spectrum));
}

void writeHead(hid_t file, const SpectraFile& content) {
    writeFormat(file, spectraFormat, spectraVersion);
    writeText(file, "checkpoint", content.label);
    writeText(file, "fingerprint", content.fingerprint);
}

/// A file in memory.
Hdf5Handle openImage(std::span<const std::byte> bytes, const Hdf5Reader& reader) {
    const Hdf5Handle access = fileAccess();
    requireHdf5(H5Pset_fapl_core(access, std::size_t{1} << 20U, /*backing_store=*/false),
                reader.refusal("memory is short"));
    // The library copies the image; it does not write to ours.
    requireHdf5(H5Pset_file_image(access, const_cast<std::byte*>(bytes.data()), bytes.size()),
                reader.refusal("it is empty"));
    return {H5Fopen("rankscope-spectra-image", H5F_ACC_RDONLY, access), H5Fclose,
            reader.refusal("it is not an HDF5 file, or damaged")};
}

spectra::Spectrum readSpectrum(hid_t group, const std::string& name, const Hdf5Reader& reader) {
    const std::string reason = printable(name) + " is not a spectrum";
    const Hdf5Handle dataset(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose,
                             reader.refusal(reason));
    std::vector<double> values = reader.doubles(dataset, mostValues, reason);
    spectra::Spectrum spectrum(name, reader.number(dataset, "rows"),
                               reader.number(dataset, "columns"), std::move(values),
                               reader.number(dataset, "direct") != 0);
    if (reader.text(dataset, "sha256") != payloadHash(spectrum))
        throw Error(reader.refusal("the values of " + printable(name) + " are not those written"));
    return spectrum;
}

}  // namespace

void requireReplaceableBySpectra(const std::filesystem::path& path) {
    requireFormatToReplace(path, spectraFormat, "file of spectra");
}

void writeSpectraFile(const std::filesystem::path& path, const SpectraFile& content) {
    AtomicFile target(path);
    {
        const Hdf5Session session;
        const Hdf5Handle access = fileAccess();
        const std::string failure =
            "HDF5 could not write " + printable(path.string(), 1000) + ": is there space left?";
        const Hdf5Handle file(
            H5Fcreate(target.temporaryPath().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
            failure);
        writeHead(file, content);
        const Hdf5Handle group(H5Gcreate2(file, "spectra", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                               H5Gclose, failure);
        for (const spectra::Spectrum& spectrum : content.spectra) writeSpectrum(group, spectrum);
        requireHdf5(H5Fflush(file, H5F_SCOPE_GLOBAL), failure);
    }
    target.commit();
}

SpectraFile decodeSpectra(std::span<const std::byte> bytes, const std::string& what) {
    const Hdf5Session session;
    const Hdf5Reader reader([&](const std::string& reason) {
        return fmt::format("{} is not usable as a file of spectra: {}.", what, reason);
    });
    const Hdf5Handle file = openImage(bytes, reader);
    const Hdf5Handle group(H5Gopen2(file, "spectra", H5P_DEFAULT), H5Gclose,
                           reader.refusal("it has no group \"spectra\""));
    reader.requireFormat(file, spectraFormat, spectraVersion);
    SpectraFile result;
    result.fingerprint = reader.text(file, "fingerprint");
    result.label = reader.text(file, "checkpoint");
    for (const std::string& name : reader.names(group, mostSpectra))
        result.spectra.push_back(readSpectrum(group, name, reader));
    return result;
}

}  // namespace rankscope::workspace
