// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/compress/target_folder.h"
#include "core/report/figure.h"
#include "core/report/rank_range.h"
#include "core/report/report_data.h"
#include "core/report/report_evaluation.h"
#include "core/report/report_story.h"
#include "core/report/spectrum_tables.h"

namespace rankscope::report {

namespace fs = std::filesystem;

namespace {

/// --force replaces reports, not whatever folder a typing error names.
void requireReplaceable(const ReportOptions& options) {
    std::error_code failure;
    if (!options.force || !fs::exists(options.target, failure)) return;
    if (fs::is_directory(options.target, failure) &&
        (fs::is_empty(options.target, failure) || fs::exists(options.target / "report.html")))
        return;
    throw Error(fmt::format("{} is no report (it holds no report.html) and is not replaced; choose "
                            "another --out.",
                            printable(options.target.string())),
                options.target.string());
}

/// The name a report has until it takes an older one's place.
fs::path besides(const fs::path& target) {
    const fs::path whole = fs::canonical(target);
    return whole.parent_path() / fmt::format("{}.new-{}", whole.filename().string(), ::getpid());
}

/// Puts `made` in the place of `old`, in one step, and removes the old one.
fs::path exchange(const fs::path& made, const fs::path& old) {
    const fs::path place = fs::canonical(old);
    if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0)
        throw Error(
            fmt::format("{}: cannot be replaced: {}; the new report is at {}.",
                        printable(place.string()), errnoText(errno), printable(made.string())),
            place.string());
    fs::remove_all(made);
    return place;
}

std::string curvesText(const ReportData& data) {
    std::vector<Curve> curves;
    for (const spectra::Spectrum& spectrum : data.spectra.spectra)
        curves.push_back(makeCurve(spectrum, defaultRanks(spectrum.size())));
    return curvesCsv(curves);
}

/// PNG and PDF of the three figures; false, with a warning, where they cannot be drawn.
bool drawFigures(const fs::path& folder, const ReportData& data, const Progress& progress,
                 std::vector<std::string>& warnings) {
    const auto representatives = representativeMatrices(data.matrices);
    FigureRequest all, error, seed;
    all.figure = "spectrum";
    all.title = "Singular values";
    error.figure = "error";
    error.title = "Relative Frobenius error";
    for (const spectra::Spectrum& spectrum : data.spectra.spectra) {
        all.spectra.push_back(&spectrum);
        if (!representatives.empty() && spectrum.name() == representatives.front().name)
            seed.spectra.push_back(&spectrum);
    }
    error.spectra = all.spectra;
    seed.figure = "seed";
    seed.title = representatives.empty() ? "" : representatives.front().name;
    seed.widthMm = 200;
    seed.heightMm = 90;
    all.rank = error.rank = seed.rank = data.rank;
    try {
        for (const char* ending : {".png", ".pdf"})
            for (auto [request, name] : {std::pair{&all, "spectra"}, std::pair{&error, "errors"},
                                         std::pair{&seed, "seed"}}) {
                progress.report(0.95, std::string("drawing ") + name + ending);
                request->out = folder / (std::string(name) + ending);
                drawFigure(*request, progress);
            }
        return true;
    } catch (const Error& problem) {
        if (problem.kind() == ErrorKind::Interrupted) throw;
        warnings.push_back(fmt::format("The report has no figures. {}", problem.what()));
        progress.warn(warnings.back());
        for (const fs::directory_entry& entry : fs::directory_iterator(folder))
            if (entry.path().extension() == ".png" || entry.path().extension() == ".pdf")
                fs::remove(entry.path());
        return false;
    }
}

}  // namespace

ReportResult writeReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                         const Progress& progress) {
    requireReplaceable(options);
    const bool replace = options.force && fs::exists(options.target);
    compress::TargetFolder folder(replace ? besides(options.target) : options.target, checkpoint,
                                  false);
    const ReportData data = gatherReport(checkpoint, options, progress);
    const fs::path& partial = folder.partial();
    ReportResult result;
    const bool figures = drawFigures(partial, data, progress, result.warnings);
    result.tables = tablesJson(checkpoint, options, data);
    const Document document = tellStory(checkpoint, options, data, figures);
    const auto write = [&](const char* name, const std::string& text) {
        writeFileAtomically(partial / name, text);
    };
    write("report.html", toHtml(document));
    write("report.md", toMarkdown(document));
    write("spectra.csv", spectraCsv(data.spectra.spectra));
    write("curves.csv", curvesText(data));
    write("parameters.csv", toCsv(parameterStory(data, checkpoint.denseParameterCount())));
    write("random_vectors.csv", toCsv(randomVectorStory(data)));
    if (data.evaluation) write("evaluation.csv", toCsv(evaluationStory(*data.evaluation)));
    write("tables.json", result.tables.dump(1) + '\n');
    for (const fs::directory_entry& entry : fs::directory_iterator(partial))
        result.files.push_back(entry.path().filename().string());
    std::sort(result.files.begin(), result.files.end());
    throwIfStopped(progress);
    folder.publish();
    result.path = folder.target();
    if (replace) result.path = exchange(folder.target(), options.target);
    return result;
}

Json toJson(const ReportResult& result) {
    return {{"path", result.path.string()},
            {"files", result.files},
            {"tables", result.tables},
            {"warnings", result.warnings}};
}

}  // namespace rankscope::report
