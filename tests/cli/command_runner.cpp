// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/command_runner.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "tests/fixtures/tiny_t5.h"

namespace rankscope::cli_test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> list;
    for (std::string& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

int brokenPipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    close(ends[0]);
    return ends[1];
}

}  // namespace

std::vector<Json> Outcome::events() const {
    std::vector<Json> lines;
    std::istringstream stream(out);
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
    return lines;
}

Outcome runCommand(const std::vector<std::string>& words, const RunOptions& options) {
    const fixtures::TempFolder folder;
    const std::string outFile = folder / "out", errFile = folder / "err";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int broken = options.closedOutput ? brokenPipe() : -1;
    if (options.closedOutput)
        posix_spawn_file_actions_adddup2(&actions, broken, STDOUT_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outFile.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errFile.c_str(), O_WRONLY | O_CREAT,
                                     0600);
    for (const auto& [descriptor, device] :
         {std::pair{STDOUT_FILENO, &options.outputTo}, std::pair{STDERR_FILENO, &options.errorsTo}})
        if (!device->empty())
            posix_spawn_file_actions_addopen(&actions, descriptor, device->c_str(), O_WRONLY, 0);
    for (const int descriptor : options.closed)
        posix_spawn_file_actions_addclose(&actions, descriptor);
    std::vector<std::string> arguments = {RANKSCOPE_CLI};
    const std::string shell = "/bin/sh";
    if (!options.limits.empty())
        arguments = {shell, "-c", options.limits + "; exec \"$0\" \"$@\"", RANKSCOPE_CLI};
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<std::string> environment = options.environment;
    for (char** variable = environ; *variable != nullptr; ++variable)
        environment.emplace_back(*variable);
    pid_t child = 0;
    Outcome outcome;
    if (posix_spawn(&child, arguments.front().c_str(), &actions, nullptr,
                    pointers(arguments).data(), pointers(environment).data()) != 0)
        return outcome;
    posix_spawn_file_actions_destroy(&actions);
    if (broken >= 0) close(broken);
    int status = 0;
    rusage usage = {};
    bool sent = options.interruptAfter.empty();
    bool signalled = options.signals.empty();
    while (wait4(child, &status, WNOHANG, &usage) == 0) {
        if (!sent && std::filesystem::exists(outFile) &&
            fixtures::readFile(outFile).find(options.interruptAfter) != std::string::npos) {
            kill(child, SIGINT);
            sent = true;
        }
        if (!signalled && std::filesystem::exists(options.signalsOnceThereIs)) {
            for (const int signal : options.signals) kill(child, signal);
            signalled = true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    outcome.residentKilobytes = usage.ru_maxrss;
    outcome.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (!options.closedOutput) outcome.out = fixtures::readFile(outFile);
    outcome.err = fixtures::readFile(errFile);
    return outcome;
}

namespace {

/// Header entries one after the other, all F32.
class Header {
 public:
    void add(const std::string& name, std::vector<std::int64_t> shape) {
        std::uint64_t bytes = 4;
        for (const std::int64_t size : shape) bytes *= static_cast<std::uint64_t>(size);
        m_json[name] = {
            {"dtype", "F32"}, {"shape", shape}, {"data_offsets", {m_end, m_end + bytes}}};
        m_end += bytes;
    }
    void addAttention(const std::string& place, std::int64_t width, std::int64_t inner) {
        for (const char* role : {"q", "k", "v"})
            add(place + "." + role + ".weight", {inner, width});
        add(place + ".o.weight", {width, inner});
    }
    std::uint64_t dataBytes() const { return m_end; }
    std::string text() const { return m_json.dump(); }

 private:
    Json m_json = {{"__metadata__", {{"format", "pt"}}}};
    std::uint64_t m_end = 0;
};

void addStack(Header& header, const std::string& stack, const Json& config) {
    const auto width = config.at("d_model").get<std::int64_t>();
    const auto wide = config.at("d_ff").get<std::int64_t>();
    const auto heads = config.at("num_heads").get<std::int64_t>();
    const bool decoder = stack == "decoder";
    for (int block = 0; block < config.at("num_layers").get<int>(); ++block) {
        const std::string place = stack + ".block." + std::to_string(block) + ".layer.";
        header.addAttention(place + "0.SelfAttention", width, heads * 64);
        if (block == 0)
            header.add(place + "0.SelfAttention.relative_attention_bias.weight", {32, heads});
        if (decoder) header.addAttention(place + "1.EncDecAttention", width, heads * 64);
        const std::string last = place + (decoder ? "2" : "1");
        header.add(last + ".DenseReluDense.wi_0.weight", {wide, width});
        header.add(last + ".DenseReluDense.wi_1.weight", {wide, width});
        header.add(last + ".DenseReluDense.wo.weight", {width, wide});
        for (int layer = 0; layer < (decoder ? 3 : 2); ++layer)
            header.add(place + std::to_string(layer) + ".layer_norm.weight", {width});
    }
    header.add(stack + ".final_layer_norm.weight", {width});
}

}  // namespace

std::filesystem::path writeSparseFlanT5(const std::filesystem::path& folder, std::int64_t dModel,
                                        std::int64_t dFf, std::int64_t heads, int layers) {
    const Json config = {{"model_type", "t5"},
                         {"d_model", dModel},
                         {"d_kv", 64},
                         {"d_ff", dFf},
                         {"num_heads", heads},
                         {"num_layers", layers},
                         {"num_decoder_layers", layers},
                         {"vocab_size", 32128},
                         {"feed_forward_proj", "gated-gelu"},
                         {"tie_word_embeddings", false}};
    std::filesystem::create_directories(folder);
    fixtures::writeFile(folder / "config.json", config.dump());
    Header header;
    header.add("shared.weight", {32128, dModel});
    addStack(header, "encoder", config);
    addStack(header, "decoder", config);
    header.add("lm_head.weight", {32128, dModel});
    std::string text = header.text();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    std::string length(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        length[i] = static_cast<char>((text.size() >> (8 * i)) & 0xFFU);
    fixtures::writeFile(folder / "model.safetensors", length + text);
    std::filesystem::resize_file(folder / "model.safetensors",
                                 8 + text.size() + header.dataBytes());
    return folder;
}

}  // namespace rankscope::cli_test
