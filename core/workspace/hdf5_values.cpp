// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/hdf5_values.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace rankscope::workspace {

namespace {

constexpr std::size_t longestText = 65'000;  // attributes in the object header end at 64 KiB

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

}  // namespace

Hdf5Handle fileAccess() {
    Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5 is out of memory.");
    requireHdf5(H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18),
                "This HDF5 library cannot write the format of HDF5 1.8.");
    return access;
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

Hdf5Handle writeDoubles(hid_t group, const std::string& name, std::span<const double> values) {
    const std::string failure = fmt::format("HDF5 could not write {}.", printable(name));
    const auto size = static_cast<hsize_t>(values.size());
    const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, failure);
    Hdf5Handle dataset(H5Dcreate2(group, name.c_str(), H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                  H5P_DEFAULT, H5P_DEFAULT),
                       H5Dclose, failure);
    requireHdf5(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                failure);
    return dataset;
}

void writeFormat(hid_t file, const char* format, std::int64_t version) {
    writeText(file, "format", format);
    writeNumber(file, "version", version);
    writeText(file, "program", "rankscope " RANKSCOPE_VERSION);
    writeText(file, "created",
              fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                                       std::chrono::system_clock::now()))));
}

std::string formatOf(const std::filesystem::path& path) {
    const Hdf5Session session;
    try {
        const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, fileAccess()), H5Fclose, "");
        return Hdf5Reader([](const std::string& reason) { return reason; }).text(file, "format");
    } catch (const Error&) {
        return {};
    }
}

void requireFormatToReplace(const std::filesystem::path& path, const char* format,
                            std::string_view what) {
    std::error_code none;
    if (!std::filesystem::exists(path, none)) return;
    const bool regular = std::filesystem::is_regular_file(path, none);
    if (regular && std::filesystem::file_size(path, none) == 0) return;
    const std::string found = regular ? formatOf(path) : "";
    if (found == format) return;
    throw Error(
        fmt::format("{} is not a {}{} and is not replaced; choose another name, or remove it "
                    "first.",
                    printable(path.string(), 1000), what,
                    found.empty() ? "" : fmt::format(" ({})", printable(found, 60))),
        path.string());
}

void Hdf5Reader::requireFormat(hid_t file, const char* format, std::int64_t version) const {
    if (text(file, "format") != format)
        throw Error(refusal(fmt::format("its format is not \"{}\"", format)));
    if (const std::int64_t other = number(file, "version"); other != version)
        throw Error(
            refusal(fmt::format("its version is {}, this program knows {}", other, version)));
}

/// The attribute, which must be a scalar of that class.
Hdf5Handle Hdf5Reader::openAttribute(hid_t object, const char* name, H5T_class_t kind) const {
    const std::string reason = refusal(fmt::format("the attribute {} is missing or odd", name));
    Hdf5Handle attribute(H5Aopen(object, name, H5P_DEFAULT), H5Aclose, reason);
    const Hdf5Handle space(H5Aget_space(attribute), H5Sclose, reason);
    const Hdf5Handle type(H5Aget_type(attribute), H5Tclose, reason);
    if (H5Sget_simple_extent_npoints(space) != 1 || H5Tget_class(type) != kind ||
        H5Tget_size(type) > longestText)
        throw Error(reason);
    return attribute;
}

std::string Hdf5Reader::text(hid_t object, const char* name) const {
    const Hdf5Handle attribute = openAttribute(object, name, H5T_STRING);
    const std::string reason = refusal(fmt::format("the attribute {} is not a text", name));
    const Hdf5Handle stored(H5Aget_type(attribute), H5Tclose, reason);
    if (H5Tis_variable_str(stored) != 0) throw Error(reason);
    std::string value(H5Tget_size(stored), '\0');
    requireHdf5(H5Aread(attribute, stored, value.data()), reason);
    return value.substr(0, value.find('\0'));
}

std::int64_t Hdf5Reader::number(hid_t object, const char* name) const {
    const Hdf5Handle attribute = openAttribute(object, name, H5T_INTEGER);
    std::int64_t value = 0;
    requireHdf5(H5Aread(attribute, H5T_NATIVE_INT64, &value),
                refusal(fmt::format("the attribute {} is not a number", name)));
    return value;
}

std::vector<double> Hdf5Reader::doubles(hid_t dataset, std::size_t most, const std::string& reason,
                                        std::size_t least) const {
    const std::string refused = refusal(reason);
    const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose, refused);
    const Hdf5Handle type(H5Dget_type(dataset), H5Tclose, refused);
    const Hdf5Handle space(H5Dget_space(dataset), H5Sclose, refused);
    hsize_t size = 0;
    if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) != 0 ||
        H5Pget_nfilters(creation) != 0 || H5Tequal(type, H5T_IEEE_F64LE) <= 0 ||
        H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &size, nullptr) != 1 || size < least || size > most ||
        H5Dget_storage_size(dataset) != size * sizeof(double))
        throw Error(refused);
    std::vector<double> values(size);
    if (values.empty()) return values;
    requireHdf5(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
                refused);
    return values;
}

std::vector<std::string> Hdf5Reader::names(hid_t group, std::size_t most) const {
    H5G_info_t info;
    requireHdf5(H5Gget_info(group, &info), refusal("a group in it cannot be read"));
    if (info.nlinks > most)
        throw Error(refusal(fmt::format("a group has {} entries", info.nlinks)));
    std::vector<std::string> result;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
        const auto name = [&](char* buffer, std::size_t size) {
            return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, buffer, size,
                                      H5P_DEFAULT);
        };
        const ssize_t length = name(nullptr, 0);
        if (length <= 0 || static_cast<std::size_t>(length) > longestText)
            throw Error(refusal("a name in it cannot be read"));
        std::string one(static_cast<std::size_t>(length) + 1, '\0');
        name(one.data(), one.size());
        one.pop_back();
        H5L_info_t link;
        requireHdf5(H5Lget_info(group, one.c_str(), &link, H5P_DEFAULT),
                    refusal("a link in it cannot be read"));
        if (link.type != H5L_TYPE_HARD)
            throw Error(refusal(printable(one) + " is a soft or external link"));
        result.push_back(std::move(one));
    }
    return result;
}

}  // namespace rankscope::workspace
