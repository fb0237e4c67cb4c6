// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "app/cli/command_line.h"
#include "app/cli/text_table.h"
#include "core/report/system_facts.h"

namespace rankscope::cli {

namespace {

std::string orNone(const Json& value) {
    const auto text = value.get<std::string>();
    return text.empty() ? "none" : printable(text, 1000);
}

std::string torchText(const Json& torch) {
    if (!torch.at("available").get<bool>()) return "  not available\n";
    const auto gpus = torch.at("gpus").get<std::vector<std::string>>();
    return fmt::format(
        "  version            {}\n  library            {}\n  BLAS               {}\n"
        "  BLAS core in force {}\n  chosen for it      {}\n  threads            {}\n"
        "  CUDA in the build  {}\n  GPUs               {}\n",
        orNone(torch.at("version")), orNone(torch.at("library")), orNone(torch.at("blas")),
        orNone(torch.at("blas_core")), orNone(torch.at("blas_core_chosen")),
        torch.at("threads").get<int>(), torch.at("cuda_built").get<bool>() ? "yes" : "no",
        gpus.empty() ? "none" : fmt::format("{}", fmt::join(gpus, ", ")));
}

std::string cacheText(const Json& caches) {
    std::string out;
    if (const Json& own = caches.at("spectra"); own.is_object()) {
        out += fmt::format("  spectra            {} ({} files, {})\n", orNone(own.at("path")),
                           own.at("files").get<std::size_t>(),
                           readableBytes(own.at("bytes").get<std::uint64_t>()));
        for (const Json& leftover : own.at("leftovers"))
            out += fmt::format(
                "  of a killed run    {} ({}); the next run that keeps spectra removes it\n",
                orNone(leftover.at("path")),
                readableBytes(leftover.at("bytes").get<std::uint64_t>()));
    }
    const Json& hub = caches.at("hub");
    return out + fmt::format("  Hugging Face Hub   {} ({} models)\n", orNone(hub.at("path")),
                             hub.at("models").get<std::size_t>());
}

std::string text(const Json& facts) {
    const Json& program = facts.at("program");
    const Json& cpu = facts.at("cpu");
    std::string out = fmt::format(
        "rankscope-cli {} ({}, {})\nHDF5 {}\n\nCPU\n  name               {}\n"
        "  cores              {}\n\nLibTorch\n",
        orNone(program.at("version")), orNone(program.at("build")), orNone(program.at("compiler")),
        orNone(facts.at("hdf5").at("version")), orNone(cpu.at("name")), cpu.at("cores").get<int>());
    out += torchText(facts.at("libtorch")) + "\nCaches\n" + cacheText(facts.at("caches"));
    out +=
        fmt::format("\nWindow\n  rankscope          {}\n", orNone(facts.at("window").at("path")));
    if (const Json& missing = facts.at("missing"); !missing.empty()) {
        out += "\nMissing\n";
        for (const Json& sentence : missing) out += fmt::format("  {}\n", orNone(sentence));
    }
    return out;
}

}  // namespace

Run declareDoctor(CLI::App&) {
    return [](Context& context) {
        const Json facts = report::systemFacts(context.options.threads);
        context.output.result(facts, [&] { return text(facts); });
    };
}

}  // namespace rankscope::cli
