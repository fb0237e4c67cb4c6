// SPDX-License-Identifier: Apache-2.0
#include "core/workspace/calibration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <csignal>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/method/calibration.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::workspace {
namespace {

using testing::HasSubstr;

void fill(backend::InputMoments& moments, std::int64_t tokens, std::vector<double> second,
          std::vector<double> absolute) {
    moments.tokens = tokens;
    moments.second.rows = moments.second.columns = static_cast<std::int64_t>(absolute.size());
    moments.second.values = std::move(second);
    moments.absolute = std::move(absolute);
}

CalibrationContent content() {
    CalibrationContent made;
    made.record.checkpoint = "tiny";
    made.record.fingerprint = "f";
    made.record.contentHash = "c";
    made.record.data = "talk.json";
    made.record.dataHash = "d";
    made.record.prefix = "summarize: ";
    made.record.seed = 7;
    made.record.gradients = true;
    made.record.examples = {{"a", {5, 6, 1}, {7, 1}}, {"b\"", {8, 1}, {1}}};
    made.record.heldOut = {{"h", {9, 1}, {3, 1}}};
    made.record.warnings = {"few tokens"};
    fill(made.inputs["encoder.block.0.layer.0.SelfAttention.q"], 5,
         {2, -1, 0.5, -1, 3, 0.25, 0.5, 0.25, 4}, {1, 2, 3});
    fill(made.heldOut["encoder.block.0.layer.0.SelfAttention.q"], 2,
         {1, 0, 0, 0, 1, 0, 0, 0, 1e-300}, {0, 0, 0.5});
    backend::GradientMoments& gradients = made.gradients["encoder.block.0.layer.0.SelfAttention.v"];
    gradients.tokens = 5;
    gradients.second.rows = gradients.second.columns = 2;
    gradients.second.values = {1, 0.5, 0.5, 2};
    gradients.columns = {0.1, 0.2, 0.3};
    made.gradients["lm_head"] = {5, {}, {0.4, 0.5, 0.6}};  // of the head no second ones are kept
    return made;
}

class CalibrationFileTest : public testing::Test {
 protected:
    std::string refusal() const {
        try {
            openCalibration(path)->inputs("encoder.block.0.layer.0.SelfAttention.k", false);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    fixtures::TempFolder folder;
    std::filesystem::path path = folder / "calibration.h5";
};

TEST_F(CalibrationFileTest, GivesBackWhatWasWritten) {
    writeCalibration(path, content());
    const auto read = openCalibration(path);
    EXPECT_EQ(read->name(), path.string());
    EXPECT_EQ(read->record().checkpoint, "tiny");
    EXPECT_EQ(read->record().contentHash, "c");
    EXPECT_EQ(read->record().seed, 7U);
    EXPECT_TRUE(read->gradients("lm_head").second.values.empty());
    EXPECT_EQ(read->gradients("lm_head").columns, (std::vector<double>{0.4, 0.5, 0.6}));
    EXPECT_TRUE(read->record().gradients);
    ASSERT_EQ(read->record().examples.size(), 2U);
    EXPECT_EQ(read->record().examples[1].id, "b\"");
    EXPECT_EQ(read->record().examples[0].source, (backend::TokenIds{5, 6, 1}));
    EXPECT_EQ(read->record().heldOut[0].target, (backend::TokenIds{3, 1}));
    EXPECT_EQ(read->record().warnings, std::vector<std::string>{"few tokens"});
    // k and v take q's input.
    const auto inputs = read->inputs("encoder.block.0.layer.0.SelfAttention.v", false);
    EXPECT_EQ(inputs.tokens, 5);
    EXPECT_EQ(inputs.second.values, (std::vector<double>{2, -1, 0.5, -1, 3, 0.25, 0.5, 0.25, 4}));
    EXPECT_EQ(inputs.absolute, (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(read->inputs("encoder.block.0.layer.0.SelfAttention.q", true).second.values[8],
              1e-300);
    const auto gradients = read->gradients("encoder.block.0.layer.0.SelfAttention.v");
    EXPECT_EQ(gradients.second.values, (std::vector<double>{1, 0.5, 0.5, 2}));
    EXPECT_EQ(gradients.columns, (std::vector<double>{0.1, 0.2, 0.3}));
}

TEST_F(CalibrationFileTest, SaysWhatIsNotThere) {
    writeCalibration(path, content());
    const auto read = openCalibration(path);
    EXPECT_THROW(read->inputs("decoder.block.0.layer.0.SelfAttention.q", false), Error);
    EXPECT_THROW(read->gradients("encoder.block.0.layer.0.SelfAttention.q"), Error);
}

TEST_F(CalibrationFileTest, RefusesOtherFilesByName) {
    EXPECT_THAT(refusal(), HasSubstr("calibration.h5"));
    fixtures::writeFile(path, "no HDF5");
    EXPECT_THAT(refusal(), HasSubstr("calibration.h5 is not usable as a calibration"));
    writeCalibration(path, content());
    const std::string good = fixtures::readFile(path);
    for (const double cut : {0.1, 0.5, 0.9}) {
        fixtures::writeFile(path, good.substr(0, static_cast<std::size_t>(cut * good.size())));
        EXPECT_THAT(refusal(), HasSubstr("calibration.h5"));
    }
}

// Values are hashed: wherever the file is damaged, reading is refused or gives the values written.
TEST_F(CalibrationFileTest, NoFlippedBitGivesOtherMoments) {
    writeCalibration(path, content());
    const std::string good = fixtures::readFile(path);
    for (std::size_t place = 0; place < good.size(); place += 13) {
        std::string damaged = good;
        damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
        fixtures::writeFile(path, damaged);
        try {
            const auto inputs =
                openCalibration(path)->inputs("encoder.block.0.layer.0.SelfAttention.q", false);
            EXPECT_EQ(inputs.second.values, content().inputs.begin()->second.second.values)
                << place;
            EXPECT_EQ(inputs.absolute, content().inputs.begin()->second.absolute) << place;
        } catch (const Error&) {
        }
    }
}

// No byte beyond the first thousand can be written, as on a full disk.
TEST_F(CalibrationFileTest, AFullDiskIsASentenceAndLeavesNothing) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &small);
    std::string message;
    try {
        writeCalibration(path, content());
    } catch (const Error& error) {
        message = error.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_THAT(message, HasSubstr("calibration.h5: is there space left?"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(CalibrationFileTest, IsOnlyForTheModelItWasMadeWith) {
    const auto tiny = checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "tiny").string());
    CalibrationContent made = content();
    made.record.contentHash = tiny.contentHash({});
    writeCalibration(path, made);
    EXPECT_NO_THROW(method::requireSameModel(*openCalibration(path), tiny, {}));
    const auto other =
        checkpoint::openCheckpoint(fixtures::writeTinyT5(folder / "other", {.seed = 2}).string());
    try {
        method::requireSameModel(*openCalibration(path), other, {});
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Usage);
        EXPECT_THAT(error.what(), HasSubstr("another checkpoint"));
    }
}

}  // namespace
}  // namespace rankscope::workspace
