// SPDX-License-Identifier: Apache-2.0
#include "core/backend/torch_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/error.h"
#include "tests/fixtures/tiny_t5.h"

namespace rankscope::backend {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A folder of the form of site-packages/torch, as far as the search looks at it.
fs::path makeTorch(const fs::path& folder, const std::string& versionLine) {
    fs::create_directories(folder);
    fixtures::writeFile(folder / "version.py",
                        "from typing import Optional\n\n__all__ = ['__version__']\n" + versionLine +
                            "\ncuda: Optional[str] = '13.0'\n");
    return folder;
}

class TorchPackage : public testing::Test {
 protected:
    void SetUp() override {
        unsetenv("RANKSCOPE_TORCH");
        fs::create_directories(m_library.parent_path());
    }
    void TearDown() override { unsetenv("RANKSCOPE_TORCH"); }

    /// The Error of a search for PyTorch 2.11, "" if it finds one.
    std::string messageOfSearch() const {
        try {
            findTorchPackage(m_library, "2.11");
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }

    const fixtures::TempFolder m_folder;
    const fs::path m_site = m_folder / "site-packages";
    const fs::path m_library = m_site / "rankscope/_program/lib/rankscope/librankscope_torch.so";
};

TEST_F(TorchPackage, VersionIsReadFromVersionPy) {
    for (const char* line : {"__version__ = '2.11.0+cu130'", "__version__ = \"2.11.0+cu130\"",
                             "__version__: str = '2.11.0+cu130'"})
        EXPECT_EQ(torchPackageVersion(makeTorch(m_folder / "torch", line)), "2.11.0+cu130");
    for (const char* line : {"version = '2.11.0'", "__version__ = 2", "__version__ = '2.11"})
        EXPECT_EQ(torchPackageVersion(makeTorch(m_folder / "torch", line)), "") << line;
    EXPECT_EQ(torchPackageVersion(m_folder / "nothing"), "");
}

TEST_F(TorchPackage, IsFoundInTheSameSitePackages) {
    const fs::path torch = makeTorch(m_site / "torch", "__version__ = '2.11.0+cpu'");
    EXPECT_EQ(findTorchPackage(m_library, "2.11"), torch);
}

TEST_F(TorchPackage, BesideTheLibraryComesFirst) {
    makeTorch(m_site / "torch", "__version__ = '2.9.1'");
    const fs::path torch = makeTorch(m_library.parent_path() / "torch", "__version__ = '2.11.1'");
    EXPECT_EQ(findTorchPackage(m_library, "2.11"), torch);
}

TEST_F(TorchPackage, TheEnvironmentComesBeforeBoth) {
    makeTorch(m_site / "torch", "__version__ = '2.11.0'");
    const fs::path torch = makeTorch(m_folder / "elsewhere", "__version__ = '2.11.2'");
    setenv("RANKSCOPE_TORCH", torch.c_str(), 1);
    EXPECT_EQ(findTorchPackage(m_library, "2.11"), torch);
}

TEST_F(TorchPackage, NoneSaysWhatToInstall) {
    EXPECT_THAT(messageOfSearch(), HasSubstr("PyTorch 2.11 is not installed beside Rankscope"));
    EXPECT_THAT(messageOfSearch(), HasSubstr("pip install \"torch==2.11.*\""));
}

TEST_F(TorchPackage, AnotherMinorVersionSaysWhatToInstall) {
    for (const char* version : {"2.9.1+cpu", "2.1.1", "2.110.0", "3.11.0", "2"}) {
        makeTorch(m_site / "torch", std::string("__version__ = '") + version + "'");
        EXPECT_THAT(messageOfSearch(), HasSubstr(std::string("is ") + version +
                                                 ", but this Rankscope is built for "
                                                 "2.11"));
        EXPECT_THAT(messageOfSearch(), HasSubstr("pip install \"torch==2.11.*\""));
    }
}

TEST_F(TorchPackage, AWrongFolderInTheEnvironmentIsNamed) {
    makeTorch(m_site / "torch", "__version__ = '2.11.0'");
    setenv("RANKSCOPE_TORCH", (m_folder / "wrong").c_str(), 1);
    EXPECT_THAT(messageOfSearch(), HasSubstr((m_folder / "wrong").string()));
    EXPECT_THAT(messageOfSearch(), HasSubstr("RANKSCOPE_TORCH"));
}

TEST_F(TorchPackage, ALibraryThatCannotBeLoadedIsNamedWithTheReason) {
    const fs::path torch = makeTorch(m_site / "torch", "__version__ = '2.11.0'");
    fs::create_directories(torch / "lib");
    fixtures::writeFile(torch / "lib" / "libtorch.so", std::string(100, 'x'));
    try {
        loadTorchPackage(torch);
        FAIL() << "it was loaded";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr((torch / "lib/libtorch.so").string()));
        EXPECT_THAT(error.what(), HasSubstr("invalid ELF header"));
    }
}

}  // namespace
}  // namespace rankscope::backend
