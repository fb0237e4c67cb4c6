// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/spectra_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <functional>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/workspace/spectra_cache.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::workspace {
namespace {

SpectraFile twoSpectra() {
    return {.fingerprint = std::string(64, 'a'),
            .label = "modèle",
            .spectra = {{"encoder.block.0.layer.0.SelfAttention.q.weight", 2, 3, {2, 1}},
                        {"lm_head.weight", 1, 1, {0.5}, true}}};
}

/// The bytes that writeSpectraFile() leaves.
std::string encodeSpectra(const SpectraFile& content) {
    const fixtures::TempFolder folder;
    writeSpectraFile(folder / "x.h5", content);
    return fixtures::readFile(folder / "x.h5");
}

SpectraFile decode(const std::string& bytes) {
    return decodeSpectra(std::as_bytes(std::span(bytes)), "cache.h5");
}

/// Message of the Error for these bytes, "" if they are accepted.
std::string refusal(const std::string& bytes) {
    try {
        decode(bytes);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

/// The file of twoSpectra() changed by HDF5 itself, as an evil or careless writer would.
std::string edited(const std::function<void(hid_t)>& edit) {
    const fixtures::TempFolder folder;
    fixtures::writeFile(folder / "x.h5", encodeSpectra(twoSpectra()));
    const hid_t file = H5Fopen((folder / "x.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    edit(file);
    H5Fclose(file);
    return fixtures::readFile(folder / "x.h5");
}

TEST(SpectraFile, ComesBackAsItWasWritten) {
    const SpectraFile file = decode(encodeSpectra(twoSpectra()));
    EXPECT_EQ(file.fingerprint, std::string(64, 'a'));
    EXPECT_EQ(file.label, "modèle");
    ASSERT_EQ(file.spectra.size(), 2U);
    EXPECT_EQ(file.spectra[0].name(), "encoder.block.0.layer.0.SelfAttention.q.weight");
    EXPECT_EQ(file.spectra[0].rows(), 2);
    EXPECT_EQ(file.spectra[0].columns(), 3);
    EXPECT_THAT(file.spectra[0].singularValues(), testing::ElementsAre(2, 1));
    EXPECT_FALSE(file.spectra[0].direct());
    EXPECT_TRUE(file.spectra[1].direct());
}

TEST(SpectraFile, RefusesLinksOutOfTheFile) {
    const std::string external = edited([](hid_t file) {
        H5Lcreate_external("/etc/passwd", "/x", file, "spectra/z", H5P_DEFAULT, H5P_DEFAULT);
    });
    EXPECT_THAT(refusal(external), testing::HasSubstr("external link"));
    const std::string soft = edited([](hid_t file) {
        H5Lcreate_soft("/spectra/lm_head.weight", file, "spectra/z", H5P_DEFAULT, H5P_DEFAULT);
    });
    EXPECT_THAT(refusal(soft), testing::HasSubstr("external link"));
}

/// A dataset "z" made with the given creation properties and size.
std::string withDataset(hsize_t size, const std::function<void(hid_t)>& setProperties) {
    return edited([&](hid_t file) {
        const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
        setProperties(properties);
        const hid_t space = H5Screate_simple(1, &size, nullptr);
        const hid_t dataset = H5Dcreate2(file, "spectra/z", H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                         properties, H5P_DEFAULT);
        ASSERT_GE(dataset, 0);
        H5Dclose(dataset);
        H5Sclose(space);
        H5Pclose(properties);
    });
}

TEST(SpectraFile, RefusesStorageOutsideAndFilters) {
    EXPECT_THAT(
        refusal(withDataset(
            4, [](hid_t properties) { H5Pset_external(properties, "/etc/passwd", 0, 32); })),
        testing::HasSubstr("z is not a spectrum"));
    EXPECT_THAT(refusal(withDataset(4,
                                    [](hid_t properties) {
                                        const hsize_t chunk = 4;
                                        H5Pset_chunk(properties, 1, &chunk);
                                        H5Pset_deflate(properties, 1);
                                    })),
                testing::HasSubstr("z is not a spectrum"));
}

TEST(SpectraFile, RefusesSizesThatAreNotThere) {
    // Never written, so nothing is stored; 2^60 values would not fit into memory either.
    EXPECT_THAT(refusal(withDataset(
                    hsize_t{1} << 58U,
                    [](hid_t properties) { H5Pset_alloc_time(properties, H5D_ALLOC_TIME_LATE); })),
                testing::HasSubstr("z is not a spectrum"));
}

TEST(SpectraFile, RefusesValuesWhoseHashDiffers) {
    const std::string changed = edited([](hid_t file) {
        const hid_t dataset = H5Dopen2(file, "spectra/lm_head.weight", H5P_DEFAULT);
        const double other = 0.25;
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &other);
        H5Dclose(dataset);
    });
    EXPECT_THAT(refusal(changed), testing::HasSubstr("not those written"));
}

TEST(SpectraFile, RefusesAnotherVersionAndAnotherFormat) {
    const std::string newer = edited([](hid_t file) {
        const hid_t attribute = H5Aopen(file, "version", H5P_DEFAULT);
        const std::int64_t version = 2;
        H5Awrite(attribute, H5T_NATIVE_INT64, &version);
        H5Aclose(attribute);
    });
    EXPECT_THAT(refusal(newer), testing::HasSubstr("version is 2"));
    EXPECT_THAT(refusal(edited([](hid_t file) { H5Adelete(file, "format"); })),
                testing::HasSubstr("format"));
    EXPECT_THAT(refusal(edited([](hid_t file) { H5Ldelete(file, "spectra", H5P_DEFAULT); })),
                testing::HasSubstr("no group"));
}

TEST(SpectraFile, RefusesEveryTruncation) {
    const std::string good = encodeSpectra(twoSpectra());
    for (std::size_t size = 0; size < good.size(); size += 7)
        EXPECT_NE(refusal(good.substr(0, size)), "") << size;
}

// A flipped bit is found, or is in a place that holds no value.
TEST(SpectraFile, NeverGivesWrongValuesForFlippedBytes) {
    const std::string good = encodeSpectra(twoSpectra());
    const std::string before = decode(good).spectra[0].name();
    for (std::size_t place = 0; place < good.size(); place += 3) {
        std::string bytes = good;
        bytes[place] ^= static_cast<char>(1U << (place % 8));
        if (refusal(bytes).empty()) {
            const SpectraFile file = decode(bytes);
            for (const spectra::Spectrum& spectrum : file.spectra) {
                EXPECT_THAT(spectrum.singularValues(),
                            testing::AnyOf(testing::ElementsAre(2, 1), testing::ElementsAre(0.5)))
                    << place;
            }
        }
    }
}

TEST(WriteSpectraHdf5, CanBeReadAgain) {
    const fixtures::TempFolder folder;
    const auto checkpoint =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "model").string());
    const std::vector<spectra::Spectrum> spectra = twoSpectra().spectra;
    writeSpectraHdf5(folder / "out.h5", checkpoint, spectra);
    const SpectraFile file = decode(fixtures::readFile(folder / "out.h5"));
    EXPECT_EQ(file.fingerprint, checkpoint.fingerprint());
    EXPECT_EQ(file.spectra.size(), 2U);
    EXPECT_THROW(writeSpectraHdf5("/nonexistent/out.h5", checkpoint, spectra), Error);
}

}  // namespace
}  // namespace rankscope::workspace
