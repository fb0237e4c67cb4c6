// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/calibration_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cmath>
#include <tuple>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/json.h"
#include "core/base/sha256.h"
#include "core/method/calibration.h"
#include "core/t5/t5_layout.h"
#include "core/workspace/hdf5_values.h"

namespace rankscope::workspace {

namespace fs = std::filesystem;
using backend::GradientMoments;
using backend::InputMoments;
using method::CalibrationExample;
using method::CalibrationRecord;

namespace {

constexpr const char* calibrationFormat = "rankscope-calibration";
constexpr std::int64_t calibrationVersion = 1;
constexpr std::size_t widest = 65'536;  // inputs and outputs of a layer
constexpr std::size_t mostExampleBytes = std::size_t{1} << 30U;

std::string hashOf(std::span<const double> a, std::span<const double> b) {
    Sha256 hash;
    hash.add(std::as_bytes(a));
    hash.add(std::as_bytes(b));
    return hash.hex();
}

// ---- writing

std::vector<double> lowerTriangle(const Matrix& a) {
    std::vector<double> values;
    values.reserve(static_cast<std::size_t>(a.rows * (a.rows + 1) / 2));
    for (std::int64_t i = 0; i < a.rows; ++i)
        values.insert(values.end(), a.values.begin() + i * a.columns,
                      a.values.begin() + i * a.columns + i + 1);
    return values;
}

Hdf5Handle makeGroup(hid_t parent, const std::string& name) {
    return {H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose,
            fmt::format("HDF5 could not make the group {}.", printable(name))};
}

/// A sum for each input or output, beside the matrix of second moments.
struct NamedSums {
    const char* name;
    const std::vector<double>& values;
};

void writeMoments(hid_t parent, const std::string& name, std::int64_t tokens, const Matrix& second,
                  const NamedSums& sums) {
    const Hdf5Handle group = makeGroup(parent, name);
    const std::vector<double> triangle = lowerTriangle(second);
    writeDoubles(group, "second", triangle);
    writeDoubles(group, sums.name, sums.values);
    writeNumber(group, "tokens", tokens);
    writeText(group, "sha256", hashOf(triangle, sums.values));
}

Json toJson(const std::vector<CalibrationExample>& examples) {
    Json list = Json::array();
    for (const CalibrationExample& example : examples)
        list.push_back(
            {{"id", example.id}, {"source", example.source}, {"target", example.target}});
    return list;
}

void writeExamples(hid_t file, const CalibrationRecord& record) {
    const std::string text = Json({{"examples", toJson(record.examples)},
                                   {"held_out", toJson(record.heldOut)},
                                   {"warnings", record.warnings},
                                   {"arithmetic", record.arithmetic}})
                                 .dump();
    const std::string failure = "HDF5 could not write the examples.";
    const auto size = static_cast<hsize_t>(text.size());
    const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose, failure);
    const Hdf5Handle dataset(
        H5Dcreate2(file, "examples", H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        H5Dclose, failure);
    requireHdf5(H5Dwrite(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()),
                failure);
}

void writeContent(hid_t file, const CalibrationContent& content) {
    const CalibrationRecord& record = content.record;
    writeFormat(file, calibrationFormat, calibrationVersion);
    writeText(file, "checkpoint", record.checkpoint);
    writeText(file, "fingerprint", record.fingerprint);
    writeText(file, "content_hash", record.contentHash);
    writeText(file, "data", record.data);
    writeText(file, "data_hash", record.dataHash);
    writeText(file, "prefix", record.prefix);
    writeNumber(file, "seed", static_cast<std::int64_t>(record.seed));
    writeNumber(file, "gradients", record.gradients ? 1 : 0);
    writeExamples(file, record);
    const auto writeInputs = [&](const char* name, const std::map<std::string, InputMoments>& all) {
        const Hdf5Handle group = makeGroup(file, name);
        for (const auto& [input, moments] : all)
            writeMoments(group, input, moments.tokens, moments.second,
                         {"absolute", moments.absolute});
    };
    writeInputs("inputs", content.inputs);
    writeInputs("held_out", content.heldOut);
    const Hdf5Handle group = makeGroup(file, "gradients");
    for (const auto& [module, moments] : content.gradients)
        writeMoments(group, module, moments.tokens, moments.second, {"columns", moments.columns});
}

// ---- reading

class CalibrationFile final : public method::Calibration {
 public:
    explicit CalibrationFile(const fs::path& path)
        : m_path(path), m_file(openForReading(path)), m_reader([path](const std::string& reason) {
              return fmt::format("{} is not usable as a calibration: {}. Run `calibrate` again.",
                                 printable(path.string(), 1000), reason);
          }) {
        ::flock(m_file.get(), LOCK_SH | LOCK_NB);  // see requireReplaceableByCalibration()
        const Hdf5Session session;
        const Hdf5Handle file = open();
        m_reader.requireFormat(file, calibrationFormat, calibrationVersion);
        m_record.checkpoint = m_reader.text(file, "checkpoint");
        m_record.fingerprint = m_reader.text(file, "fingerprint");
        m_record.contentHash = m_reader.text(file, "content_hash");
        m_record.data = m_reader.text(file, "data");
        m_record.dataHash = m_reader.text(file, "data_hash");
        m_record.prefix = m_reader.text(file, "prefix");
        m_record.seed = static_cast<std::uint64_t>(m_reader.number(file, "seed"));
        m_record.gradients = m_reader.number(file, "gradients") != 0;
        readExamples(file);
    }

    const CalibrationRecord& record() const override { return m_record; }
    std::string name() const override { return m_path.string(); }

    InputMoments inputs(const std::string& module, bool heldOut) const override {
        InputMoments moments;
        std::tie(moments.tokens, moments.second, moments.absolute) =
            readMoments(heldOut ? "held_out" : "inputs", t5::inputOfModule(module), "absolute");
        if (moments.absolute.size() != static_cast<std::size_t>(moments.second.rows))
            throw Error(m_reader.refusal("the sizes of " + printable(module) + " do not fit"));
        return moments;
    }

    GradientMoments gradients(const std::string& module) const override {
        GradientMoments moments;
        std::tie(moments.tokens, moments.second, moments.columns) =
            readMoments("gradients", module, "columns", 0);  // the head's has none
        return moments;
    }

 private:
    Hdf5Handle open() const {
        const std::string opened = fmt::format("/proc/self/fd/{}", m_file.get());
        return {H5Fopen(opened.c_str(), H5F_ACC_RDONLY, fileAccess()), H5Fclose,
                m_reader.refusal("it is not an HDF5 file, or damaged")};
    }

    Hdf5Handle openGroup(hid_t parent, const std::string& name) const {
        H5L_info_t link;
        const std::string reason = m_reader.refusal("it has no " + printable(name));
        requireHdf5(H5Lget_info(parent, name.c_str(), &link, H5P_DEFAULT), reason);
        if (link.type != H5L_TYPE_HARD) throw Error(reason);
        return {H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose, reason};
    }

    std::tuple<std::int64_t, Matrix, std::vector<double>> readMoments(
        const char* set, const std::string& name, const char* vector,
        std::size_t leastSecond = 1) const {
        const Hdf5Session session;
        const Hdf5Handle file = open();
        const Hdf5Handle parent = openGroup(file, set);
        const Hdf5Handle group = openGroup(parent, name);
        const auto read = [&](const char* dataset, std::size_t most, std::size_t least) {
            const std::string reason = printable(name) + " has no usable " + dataset;
            const Hdf5Handle handle(H5Dopen2(group, dataset, H5P_DEFAULT), H5Dclose,
                                    m_reader.refusal(reason));
            return m_reader.doubles(handle, most, reason, least);
        };
        const std::vector<double> triangle = read("second", widest * (widest + 1) / 2, leastSecond);
        std::vector<double> values = read(vector, widest, 1);
        if (m_reader.text(group, "sha256") != hashOf(triangle, values))
            throw Error(
                m_reader.refusal("the values of " + printable(name) + " are not those written"));
        return {m_reader.number(group, "tokens"), symmetric(triangle, name), std::move(values)};
    }

    Matrix symmetric(const std::vector<double>& triangle, const std::string& name) const {
        const std::int64_t n =
            std::lround((std::sqrt(8 * static_cast<double>(triangle.size()) + 1) - 1) / 2);
        if (n * (n + 1) / 2 != static_cast<std::int64_t>(triangle.size()))
            throw Error(m_reader.refusal(printable(name) + " is not a triangle"));
        Matrix a{std::vector<double>(static_cast<std::size_t>(n * n)), n, n};
        std::size_t next = 0;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j <= i; ++j, ++next)
                a.values[static_cast<std::size_t>(i * n + j)] =
                    a.values[static_cast<std::size_t>(j * n + i)] = triangle[next];
        return a;
    }

    void readExamples(hid_t file) {
        const std::string reason = m_reader.refusal("its examples cannot be read");
        const Hdf5Handle dataset(H5Dopen2(file, "examples", H5P_DEFAULT), H5Dclose, reason);
        const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose, reason);
        const Hdf5Handle space(H5Dget_space(dataset), H5Sclose, reason);
        const Hdf5Handle type(H5Dget_type(dataset), H5Tclose, reason);
        hsize_t size = 0;
        if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Pget_external_count(creation) != 0 ||
            H5Pget_nfilters(creation) != 0 || H5Tequal(type, H5T_STD_U8LE) <= 0 ||
            H5Sget_simple_extent_ndims(space) != 1 ||
            H5Sget_simple_extent_dims(space, &size, nullptr) != 1 || size > mostExampleBytes ||
            H5Dget_storage_size(dataset) != size)
            throw Error(reason);
        std::string text(size, '\0');
        requireHdf5(H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()),
                    reason);
        try {
            const Json document = parseJson(text, m_path.string());
            m_record.examples = examplesOf(document.at("examples"));
            m_record.heldOut = examplesOf(document.at("held_out"));
            m_record.warnings = document.at("warnings").get<std::vector<std::string>>();
            m_record.arithmetic = document.value("arithmetic", m_record.arithmetic);
        } catch (const Json::exception&) {
            throw Error(reason);
        }
    }

    static std::vector<CalibrationExample> examplesOf(const Json& list) {
        std::vector<CalibrationExample> examples;
        for (const Json& item : list)
            examples.push_back({item.at("id").get<std::string>(),
                                item.at("source").get<backend::TokenIds>(),
                                item.at("target").get<backend::TokenIds>()});
        return examples;
    }

    fs::path m_path;
    FileHandle m_file;
    Hdf5Reader m_reader;
    CalibrationRecord m_record;
};

}  // namespace

void writeCalibration(const fs::path& path, const CalibrationContent& content) {
    AtomicFile target(path);
    const std::string failure =
        "HDF5 could not write " + printable(path.string(), 1000) + ": is there space left?";
    try {
        const Hdf5Session session;
        const Hdf5Handle file(
            H5Fcreate(target.temporaryPath().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, fileAccess()),
            H5Fclose, failure);
        writeContent(file, content);
        requireHdf5(H5Fflush(file, H5F_SCOPE_GLOBAL), failure);
    } catch (const Error& error) {  // of a part of it
        throw Error(error.what() == failure ? failure : fmt::format("{} {}", failure, error.what()),
                    path.string());
    }
    target.commit();
}

void requireReplaceableByCalibration(const fs::path& path, const checkpoint::Checkpoint& checkpoint,
                                     const Progress& progress) {
    requireFormatToReplace(path, calibrationFormat, "calibration");
    const FileHandle there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!there || stampOf(there, path).size == 0) return;
    const std::string shown = printable(path.string(), 1000);
    if (::flock(there.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw Error(fmt::format("{} is a calibration that another run is using and is not "
                                "replaced; choose another name, or wait for that run.",
                                shown),
                    path.string());
    ::flock(there.get(), LOCK_UN);  // HDF5 locks it itself
    const Hdf5Reader reader([&](const std::string& reason) {
        return fmt::format(
            "{} is a damaged calibration ({}) and is not replaced; choose another "
            "name, or remove it first.",
            shown, reason);
    });
    std::string fingerprint, hash, label;
    {
        const Hdf5Session session;
        const Hdf5Handle file(H5Fopen(fmt::format("/proc/self/fd/{}", there.get()).c_str(),
                                      H5F_ACC_RDONLY, fileAccess()),
                              H5Fclose, reader.refusal("it cannot be opened"));
        fingerprint = reader.text(file, "fingerprint");
        hash = reader.text(file, "content_hash");
        label = reader.text(file, "checkpoint");
    }
    if (fingerprint == checkpoint.fingerprint() || hash == checkpoint.contentHash(progress)) return;
    throw Error(fmt::format("{} is the calibration of another checkpoint ({}) and is not replaced; "
                            "choose another name, or remove it first.",
                            shown, printable(label, 1000)),
                path.string());
}

std::shared_ptr<const method::Calibration> openCalibration(const fs::path& path) {
    return std::make_shared<CalibrationFile>(path);
}

}  // namespace rankscope::workspace
