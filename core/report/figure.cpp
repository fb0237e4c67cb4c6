// SPDX-License-Identifier: Apache-2.0
#include "core/report/figure.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/own_path.h"

namespace rankscope::report {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds longestRender{120};

std::string requestText(const FigureRequest& request, const fs::path& out) {
    Json document = toJson(request);
    document["out"] = out.string();
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A nameless file in memory: nothing is left behind, however this program ends.
FileHandle memoryFile(std::string_view text) {
    FileHandle file(memfd_create("rankscope", MFD_CLOEXEC));
    if (!file) throw Error(fmt::format("Cannot make a temporary file: {}.", errnoText(errno)));
    writeAll(file, std::as_bytes(std::span(text)), "temporary file");
    lseek(file.get(), 0, SEEK_SET);
    return file;
}

/// Without the line ends at its end.
std::string textOf(const FileHandle& file) {
    std::array<char, 1000> buffer = {};
    const ssize_t read = pread(file.get(), buffer.data(), buffer.size(), 0);
    std::string_view text(buffer.data(), static_cast<std::size_t>(read > 0 ? read : 0));
    while (text.ends_with('\n')) text.remove_suffix(1);
    return printable(text, 800);
}

pid_t start(const fs::path& program, const FileHandle& input, const FileHandle& messages) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages.get(), STDERR_FILENO);
    std::vector<std::string> variables = {"QT_QPA_PLATFORM=offscreen"};
    for (char** variable = environ; *variable != nullptr; ++variable)
        if (!std::string_view(*variable).starts_with("QT_QPA_PLATFORM="))
            variables.emplace_back(*variable);
    std::vector<char*> environment;
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::string name = program.string();
    std::array<std::string, 2> words = {"--render", "-"};
    std::array<char*, 4> arguments = {name.data(), words[0].data(), words[1].data(), nullptr};
    pid_t child = 0;
    const int failure =
        posix_spawn(&child, name.c_str(), &actions, nullptr, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0)
        throw Error(fmt::format("{} cannot be started: {}.", printable(name), errnoText(failure)),
                    name);
    return child;
}

/// Exit status; the child is ended if the user wants to stop or it takes too long.
int waitFor(pid_t child, const Progress& progress) {
    const auto start = Clock::now();
    int status = 0;
    bool ended = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (!ended && (progress.stopRequested() || Clock::now() - start > longestRender)) {
            kill(child, SIGKILL);
            ended = true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return status;
}

}  // namespace

std::optional<fs::path> windowProgram() {
    const fs::path program = installPrefix() / "bin" / "rankscope";
    if (access(program.c_str(), X_OK) == 0) return program;
    return {};
}

void requireFigures() {
    if (!windowProgram())
        throw Error(fmt::format(
            "Figures are drawn by the program 'rankscope', which is not installed at {}; install "
            "it "
            "(the package rankscope, or \"./dev build\") or write .csv or .json instead.",
            printable((installPrefix() / "bin" / "rankscope").string())));
}

void drawFigure(const FigureRequest& request, const Progress& progress) {
    requireFigures();
    // In a folder of its own, since the ending of a figure's name says its kind.
    const Unfinished folder(request.out, Unfinished::Kind::Folder);
    const fs::path unfinished = folder.path() / ("figure" + request.out.extension().string());
    const FileHandle input = memoryFile(requestText(request, fs::absolute(unfinished)));
    const FileHandle messages = memoryFile({});
    const int status = waitFor(start(*windowProgram(), input, messages), progress);
    std::error_code failure;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        fs::rename(unfinished, request.out, failure);
        if (!failure) return;
    }
    throwIfStopped(progress);
    throw Error(
        fmt::format("{}: the figure could not be drawn: {}", printable(request.out.string()),
                    failure ? failure.message() : textOf(messages)),
        request.out.string());
}

}  // namespace rankscope::report
