// SPDX-License-Identifier: GPL-3.0-or-later
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include "tests/fixtures/tiny_t5.h"

namespace rankscope {
namespace {

using fixtures::readFile;
using fixtures::TempFolder;
using fixtures::writeFile;

struct Outcome {
    int code;
    std::string output, errors;
};

Outcome run(const TempFolder& folder, const std::string& arguments,
            const std::string& environment = {}) {
    const auto out = (folder / "out.txt").string();
    const auto err = (folder / "err.txt").string();
    const int status =
        std::system(("QT_QPA_PLATFORM=offscreen " + environment + " '" RANKSCOPE_WINDOW "' " +
                     arguments + " >'" + out + "' 2>'" + err + "' </dev/null")
                        .c_str());
    return {WEXITSTATUS(status), readFile(out), readFile(err)};
}

TEST(WindowProgram, VersionHelpAndWrongOptions) {
    const TempFolder folder;
    EXPECT_EQ(run(folder, "--version").output, "rankscope " RANKSCOPE_VERSION "\n");
    const auto help = run(folder, "--help");
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.output.find("--render"), std::string::npos);
    const auto wrong = run(folder, "--colour");
    EXPECT_EQ(wrong.code, 2);
    EXPECT_NE(wrong.errors.find("there is no option --colour."), std::string::npos) << wrong.errors;
    const auto misspelt = run(folder, "--rnak 3");
    EXPECT_EQ(misspelt.code, 2);
    EXPECT_NE(misspelt.errors.find("no option --rnak; did you mean --rank?"), std::string::npos);
    EXPECT_EQ(run(folder, "a b").code, 2);
}

TEST(WindowProgram, StreamsThatAreClosedOrFullEndNothing) {
    const TempFolder folder;
    const auto model = fixtures::writeTinyT5(folder / "tiny").string();
    const auto err = (folder / "err.txt").string();
    const auto code = [](const std::string& words) {
        return WEXITSTATUS(
            std::system(("QT_QPA_PLATFORM=offscreen '" RANKSCOPE_WINDOW "' " + words).c_str()));
    };
    for (const std::string where : {"/dev/full", "&-"}) {
        for (const std::string option : {"--version", "--help"}) {
            EXPECT_EQ(code(option + " >" + where + " 2>'" + err + "'"), 1) << where;
            EXPECT_NE(readFile(err).find("standard output cannot be written to"), std::string::npos)
                << readFile(err);
        }
        EXPECT_EQ(code("--colour 2>" + where), 2) << where;
        EXPECT_EQ(code("--render /nowhere.json 2>" + where), 1) << where;
        EXPECT_EQ(code("--check-start '" + model + "' 2>" + where), 0) << where;
    }
    const std::string before = readFile(model + "/model.safetensors");
    EXPECT_EQ(code("--check-start '" + model + "' <&- >&- 2>&-"), 0);
    EXPECT_EQ(readFile(model + "/model.safetensors"), before);
}

TEST(WindowProgram, RenderDrawsOneFigureAndExits) {
    const TempFolder folder;
    const auto figure = (folder / "x.pdf").string();
    writeFile(
        folder / "r.json",
        R"({"figure":"error","out":")" + figure +
            R"(","spectra":[{"name":"w","shape":[3,3],"singular_values":[4,2,1]}],"rank":2})");
    const auto request = (folder / "r.json").string();
    const auto outcome = run(folder, "--render '" + request + "'");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_TRUE(readFile(figure).starts_with("%PDF"));
    std::filesystem::remove(figure);
    const int piped = std::system(
        ("QT_QPA_PLATFORM=offscreen '" RANKSCOPE_WINDOW "' --render - < '" + request + "'")
            .c_str());
    EXPECT_EQ(WEXITSTATUS(piped), 0);
    EXPECT_TRUE(std::filesystem::exists(figure));
}

TEST(WindowProgram, ABadRequestSaysWhyAndFails) {
    const TempFolder folder;
    writeFile(folder / "r.json", "{\"figure\":\"pie\"}");
    const auto outcome = run(folder, "--render '" + (folder / "r.json").string() + "'");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.errors.find("pie"), std::string::npos) << outcome.errors;
    EXPECT_EQ(run(folder, "--render /nowhere.json").code, 1);
    writeFile(folder / "r.json", "{");
    EXPECT_EQ(run(folder, "--render '" + (folder / "r.json").string() + "'").code, 1);
}

TEST(WindowProgram, StartsAndShowsAModel) {
    const TempFolder folder;
    const auto model = fixtures::writeTinyT5(folder / "tiny").string();
    const auto outcome = run(folder, "--check-start '" + model + "'");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
}

/// By what the dynamic linker tells of all it opens, from the start until the spectra are there.
TEST(WindowProgram, NeverOpensLibTorch) {
    const TempFolder folder;
    const auto model = fixtures::writeTinyT5(folder / "tiny").string();
    const auto outcome =
        run(folder, "--screenshot '" + (folder / "window.png").string() + "' '" + model + "'",
            "LD_DEBUG=files LD_DEBUG_OUTPUT='" + (folder / "opened").string() + "'");
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    std::string opened;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        // One file of each process; the command line, which computes the spectra, has its own.
        if (entry.path().stem() == "opened") {
            const std::string told = readFile(entry.path());
            const bool ofWindow =
                told.find("initialize program: " RANKSCOPE_WINDOW "\n") != std::string::npos;
            opened += ofWindow ? told : "";
        }
    }
    EXPECT_NE(opened.find("libQCustomPlot"), std::string::npos) << opened.substr(0, 200);
    EXPECT_EQ(opened.find("libtorch"), std::string::npos);
    EXPECT_EQ(opened.find("libopenblas"), std::string::npos);
}

}  // namespace
}  // namespace rankscope
