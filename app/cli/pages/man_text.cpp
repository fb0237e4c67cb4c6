// SPDX-License-Identifier: Apache-2.0
#include "app/cli/pages/man_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace rankscope::cli {

namespace {

struct Entry {
    std::string_view term;  ///< as typed; empty for a paragraph
    std::string_view text;
};

std::string section(std::string_view title, std::initializer_list<Entry> entries) {
    std::string out = fmt::format(".SH {}\n", title);
    bool first = true;
    for (const auto& [term, text] : entries) {
        if (!term.empty())
            out += fmt::format(".TP\n{}\n", manBold(term));
        else if (!std::exchange(first, false))
            out += ".PP\n";
        out += manProse(text) + "\n";
        first = false;
    }
    return out;
}

std::string example(std::string_view about, std::string_view command) {
    return fmt::format(".PP\n{}\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n", manProse(about), manBold(command));
}

}  // namespace

std::string manText(std::string_view text) {
    std::string out = text.starts_with('.') ? "\\&" : "";
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\e";
                break;
            case '-':
                out += "\\-";
                break;
            case '\'':
                out += "\\(aq";
                break;
            case '`':
                out += "\\(ga";
                break;
            case '~':
                out += "\\(ti";
                break;
            case '^':
                out += "\\(ha";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string manBold(std::string_view text) { return fmt::format("\\fB{}\\fR", manText(text)); }

std::string manItalic(std::string_view text) { return fmt::format("\\fI{}\\fR", manText(text)); }

std::string manProse(std::string_view text) {
    std::string out;
    for (bool typed = false;; typed = !typed) {
        const std::size_t end = std::min(text.find('`'), text.size());
        const std::string_view part = text.substr(0, end);
        if (!part.empty()) out += typed ? manBold(part) : manText(part);
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

std::string manIntroduction() {
    return std::string(".PP\n") +
           manProse(
               "It shows how fast the singular values of the weight matrices decay, chooses "
               "ranks, compresses, measures what was lost, and writes a checkpoint that other "
               "programs load. It never writes to the checkpoint that it reads.") +
           "\n" +
           section(
               "CHECKPOINT",
               {{"",
                 "A model of the T5 family (Flan-T5, T5 v1.1, T5 v1.0) in safetensors "
                 "form, named by one of:"},
                {"FOLDER",
                 "A folder in the form of the Hugging Face Hub: config.json, weights "
                 "and tokenizer, or what `rankscope-cli compress` wrote."},
                {"FILE.safetensors", "A weights file with its config.json beside it."},
                {"OWNER/NAME[@REVISION]", "A model in the local cache of the Hugging Face Hub."},
                {"demo", "The small trained model that comes with the program."}});
}

std::string manConventions() {
    return section("MATRICES AND RANKS",
                   {{"",
                     "`--targets` and `--exclude` take a comma list of roles "
                     "(`q,k,v,o,wi,wi_0,wi_1,wo,embedding,head`), groups "
                     "(`attention,ffn,all`) or globs over the names of tensors, such as "
                     "`decoder.block.*.SelfAttention.q.weight`."},
                    {"",
                     "How far matrices are compressed is said by exactly one of `--rank`, "
                     "`--ratio`, `--energy`, `--error`, `--budget` and `--plan`."}}) +
           section("OUTPUT",
                   {{"",
                     "Results go to standard output, progress and warnings to standard "
                     "error. `--json` prints one JSON document and nothing else; `--events` "
                     "prints one JSON object a line while working. Numbers in JSON have full "
                     "precision in every locale."},
                    {"",
                     "Figures (.png, .pdf, .svg) are drawn by `rankscope`; all else needs "
                     "no window program."}}) +
           section("EXIT STATUS",
                   {{"0", "Done."},
                    {"1",
                     "The operation failed; the message names the file, the place and the "
                     "reason."},
                    {"2",
                     "The request is wrong: an unknown command or option, or a value outside "
                     "its range."},
                    {"130", "Interrupted by SIGINT or SIGTERM; nothing is half-written."}}) +
           section("ENVIRONMENT",
                   {{"HF_HUB_CACHE, HF_HOME",
                     "Locate the local Hub cache, by the rules of "
                     "huggingface_hub."},
                    {"XDG_CACHE_HOME",
                     "Parent of this program's cache and, unless one of the two "
                     "above is set, of the Hub cache."},
                    {"OMP_NUM_THREADS", "Threads to compute with, unless `--threads` is given."},
                    {"NLTK_DATA", "Folders in which sentence data of NLTK are looked for."},
                    {"RANKSCOPE_TORCH",
                     "The folder `torch` of the PyTorch to compute with, in a Rankscope that was "
                     "built for PyTorch's package."},
                    {"RANKSCOPE_BACKEND",
                     "Another build of the library that computes with "
                     "LibTorch."}}) +
           section("FILES", {{"~/.cache/rankscope",
                              "Computed spectra and unfinished evaluations. "
                              "It may be deleted at any time."}}) +
           ".SH EXAMPLES\n" + manProse("What is in a model; only headers are read:") +
           "\n.PP\n.nf\n.RS\n" + manBold("rankscope-cli inspect demo") + "\n.RE\n.fi\n" +
           example("Singular values of the attention matrices, as a table in a file:",
                   "rankscope-cli spectrum demo --targets attention --out spectra.csv") +
           example("A model of 70 % of the parameters, read back and checked:",
                   "rankscope-cli compress demo --targets all --budget 0.7 --out demo-70") +
           example("Loss and ROUGE of both, side by side:", "rankscope-cli evaluate demo demo-70");
}

std::string manWindowDescription() {
    return manProse(
               "Opens a window on a checkpoint of the T5 family: the singular values of every "
               "weight matrix, error against rank, plans with live parameter counts, "
               "compression, evaluation and comparison. Long work runs in `rankscope-cli`, so "
               "that it can be stopped at any time.") +
           "\n";
}

std::string manWindowFiles() {
    return section("FILES", {{"~/.config/rankscope", "The settings of the window."},
                             {"~/.cache/rankscope",
                              "Computed spectra and unfinished "
                              "evaluations. It may be deleted at any time."}});
}

}  // namespace rankscope::cli
