// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/spectra_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/workspace/hdf5_handle.h"

namespace rankscope::workspace {

namespace {

constexpr const char* formatName = "rankscope-spectra";
constexpr std::int64_t formatVersion = 1;
constexpr std::size_t longestText = 65'000;  // attributes in the object header end at 64 KiB
constexpr hsize_t mostSpectra = 100'000;
constexpr hsize_t mostValues = 10'000'000;

std::string payloadHash(const spectra::Spectrum& spectrum) {
    const std::string head = fmt::format("{}\n{}\n{}\n{}\n", spectrum.name(), spectrum.rows(),
                                         spectrum.columns(), spectrum.direct() ? 1 : 0);
    Sha256 hash;
    hash.add(std::as_bytes(std::span(head)));
    hash.add(std::as_bytes(std::span(spectrum.singularValues())));
    return hash.hex();
}

// ---- writing

Hdf5Handle fileAccess() {
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5 is out of memory.");
    requireHdf5(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18),
                "This HDF5 library cannot write the format of HDF5 1.8.");
    return access;
}

Hdf5Handle textType(std::size_t length) {
    Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "HDF5 is out of memory.");
    H5Tset_size(type, length);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

void writeAttribute(hid_t object, const char* name, hid_t fileType, hid_t memoryType,
                    const void* value) {
    const std::string failure = fmt::format("HDF5 could not write the attribute {}.", name);
    const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose, failure);
    const Hdf5Handle attribute(H5Acreate2(object, name, fileType, space, H5P_DEFAULT, H5P_DEFAULT),
                               H5Aclose, failure);
    requireHdf5(H5Awrite(attribute, memoryType, value), failure);
}

void writeText(hid_t object, const char* name, std::string text) {
    text.resize(
        std::clamp<std::size_t>(text.size(), 1, longestText));  // a size of 0 is not allowed
    const Hdf5Handle type = textType(text.size());
    writeAttribute(object, name, type, type, text.data());
}

void writeNumber(hid_t object, const char* name, std::int64_t value) {
    writeAttribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void writeSpectrum(hid_t group, const spectra::Spectrum& spectrum) {
    const std::string failure =
        fmt::format("HDF5 could not write the spectrum of {}.", printable(spectrum.name()));
    const auto size = static_cast<hsize_t>(spectrum.size());
    const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, failure);
    const Hdf5Handle dataset(H5Dcreate2(group, spectrum.name().c_str(), H5T_IEEE_F64LE, space,
                                        H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                             H5Dclose, failure);
    requireHdf5(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                         spectrum.singularValues().data()),
                failure);
    writeNumber(dataset, "rows", spectrum.rows());
    writeNumber(dataset, "columns", spectrum.columns());
    writeNumber(dataset, "direct", spectrum.direct() ? 1 : 0);
    writeText(dataset, "sha256", payloadHash(spectrum));
}

void writeHead(hid_t file, const SpectraFile& content) {
    writeText(file, "format", formatName);
    writeNumber(file, "version", formatVersion);
    writeText(file, "program", "rankscope " RANKSCOPE_VERSION);
    writeText(file, "created",
              fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                       std::chrono::system_clock::now()))));
    writeText(file, "checkpoint", content.label);
    writeText(file, "fingerprint", content.fingerprint);
}

// ---- reading

/// Reads one file; every refusal names it.
class SpectraReader {
 public:
    SpectraReader(std::span<const std::byte> bytes, const std::string& what)
        : m_what(what),
          m_file(open(bytes)),
          m_group(H5Gopen2(m_file, "spectra", H5P_DEFAULT), H5Gclose,
                  refusal("it has no group \"spectra\"")) {}

    SpectraFile read() const {
        if (readText(m_file, "format") != formatName) {
            throw Error(refusal("it is no file of spectra"));
        }
        if (const std::int64_t version = readNumber(m_file, "version"); version != formatVersion) {
            throw Error(refusal(
                fmt::format("its version is {}, this program knows {}", version, formatVersion)));
        }
        SpectraFile result;
        result.fingerprint = readText(m_file, "fingerprint");
        result.label = readText(m_file, "checkpoint");
        H5G_info_t info;
        requireHdf5(H5Gget_info(m_group, &info), refusal("its group cannot be read"));
        if (info.nlinks > mostSpectra) {
            throw Error(refusal(fmt::format("it has {} spectra", info.nlinks)));
        }
        for (hsize_t i = 0; i < info.nlinks; ++i) {
            result.spectra.push_back(readSpectrum(linkName(i)));
        }
        return result;
    }

 private:
    std::string refusal(const std::string& reason) const {
        return fmt::format("{} is not usable as a file of spectra: {}.", m_what, reason);
    }

    Hdf5Handle open(std::span<const std::byte> bytes) const {
        const Hdf5Handle access = fileAccess();
        requireHdf5(H5Pset_fapl_core(access, std::size_t{1} << 20U, 0), refusal("memory is short"));
        // The library copies the image; it does not write to ours.
        requireHdf5(H5Pset_file_image(access, const_cast<std::byte*>(bytes.data()), bytes.size()),
                    refusal("it is empty"));
        return {H5Fopen("rankscope-spectra-image", H5F_ACC_RDONLY, access), H5Fclose,
                refusal("it is no HDF5 file, or a damaged one")};
    }

    std::string linkName(hsize_t index) const {
        const auto name = [&](char* buffer, std::size_t size) {
            return H5Lget_name_by_idx(m_group, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size,
                                      H5P_DEFAULT);
        };
        const ssize_t length = name(nullptr, 0);
        if (length <= 0 || static_cast<std::size_t>(length) > longestText) {
            throw Error(refusal("a name in it cannot be read"));
        }
        std::string text(static_cast<std::size_t>(length) + 1, '\0');
        name(text.data(), text.size());
        text.pop_back();
        H5L_info_t info;
        requireHdf5(H5Lget_info(m_group, text.c_str(), &info, H5P_DEFAULT),
                    refusal("a link in it cannot be read"));
        if (info.type != H5L_TYPE_HARD) {
            throw Error(refusal(printable(text) + " is a soft or external link"));
        }
        return text;
    }

    /// The attribute, which must be a scalar of that class.
    Hdf5Handle openAttribute(hid_t object, const char* name, H5T_class_t kind) const {
        const std::string reason = refusal(fmt::format("the attribute {} is missing or odd", name));
        Hdf5Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, reason);
        const Hdf5Handle space(H5Aget_space(attribute), H5Sclose, reason);
        const Hdf5Handle type(H5Aget_type(attribute), H5Tclose, reason);
        if (H5Sget_simple_extent_npoints(space) != 1 || H5Tget_class(type) != kind ||
            H5Tget_size(type) > longestText) {
            throw Error(reason);
        }
        return attribute;
    }

    std::string readText(hid_t object, const char* name) const {
        const Hdf5Handle attribute = openAttribute(object, name, H5T_STRING);
        const std::string reason = refusal(fmt::format("the attribute {} is no text", name));
        const Hdf5Handle stored(H5Aget_type(attribute), H5Tclose, reason);
        if (H5Tis_variable_str(stored) != 0) {
            throw Error(reason);
        }
        std::string text(H5Tget_size(stored), '\0');
        requireHdf5(H5Aread(attribute, stored, text.data()), reason);
        return text.substr(0, text.find('\0'));
    }

    std::int64_t readNumber(hid_t object, const char* name) const {
        const Hdf5Handle attribute = openAttribute(object, name, H5T_INTEGER);
        std::int64_t value = 0;
        requireHdf5(H5Aread(attribute, H5T_NATIVE_INT64, &value),
                    refusal(fmt::format("the attribute {} is no number", name)));
        return value;
    }

    spectra::Spectrum readSpectrum(const std::string& name) const {
        const std::string reason = refusal(printable(name) + " is no spectrum");
        const Hdf5Handle dataset(H5Dopen2(m_group, name.c_str(), H5P_DEFAULT), H5Dclose, reason);
        const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose, reason);
        const Hdf5Handle type(H5Dget_type(dataset), H5Tclose, reason);
        const Hdf5Handle space(H5Dget_space(dataset), H5Sclose, reason);
        hsize_t size = 0;
        if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) != 0 ||
            H5Pget_nfilters(creation) != 0 || H5Tequal(type, H5T_IEEE_F64LE) <= 0 ||
            H5Sget_simple_extent_ndims(space) != 1 ||
            H5Sget_simple_extent_dims(space, &size, nullptr) != 1 || size < 1 ||
            size > mostValues || H5Dget_storage_size(dataset) != size * sizeof(double)) {
            throw Error(reason);
        }
        std::vector<double> values(size);
        requireHdf5(
            H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
            reason);
        spectra::Spectrum spectrum(name, readNumber(dataset, "rows"),
                                   readNumber(dataset, "columns"), std::move(values),
                                   readNumber(dataset, "direct") != 0);
        if (readText(dataset, "sha256") != payloadHash(spectrum)) {
            throw Error(refusal("the values of " + printable(name) + " are not those written"));
        }
        return spectrum;
    }

    std::string m_what;
    Hdf5Handle m_file;
    Hdf5Handle m_group;
};

}  // namespace

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
        for (const spectra::Spectrum& spectrum : content.spectra) {
            writeSpectrum(group, spectrum);
        }
        requireHdf5(H5Fflush(file, H5F_SCOPE_GLOBAL), failure);
    }
    target.commit();
}

SpectraFile decodeSpectra(std::span<const std::byte> bytes, const std::string& what) {
    const Hdf5Session session;
    return SpectraReader(bytes, what).read();
}

}  // namespace rankscope::workspace
