// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/atomic_folder.h"
#include "core/base/error.h"
#include "core/report/figure.h"
#include "core/report/rank_range.h"
#include "core/report/report_data.h"
#include "core/report/report_evaluation.h"
#include "core/report/report_story.h"
#include "core/report/spectrum_tables.h"
#include "core/report/table_text.h"

namespace rankscope::report {

namespace fs = std::filesystem;

namespace {

/// Every file that a report can have.
constexpr std::array<std::string_view, 14> fileNames = {
    "report.html", "report.md",          "spectra.csv",    "curves.csv",  "parameters.csv",
    "tables.json", "random_vectors.csv", "evaluation.csv", "spectra.png", "spectra.pdf",
    "errors.png",  "errors.pdf",         "seed.png",       "seed.pdf"};

bool isFileOfReport(std::string_view name) {
    return std::ranges::find(fileNames, name) != fileNames.end();
}

/// The tables that tablesJson() writes.
bool isRecordOfReport(const Json& tables) {
    const auto provenance = tables.find("provenance");
    return tables.contains("parameter_table") && provenance != tables.end() &&
           provenance->is_object() && provenance->contains("program");
}

bool isOurReport(const fs::path& folder) {
    return recordHolds(folder / "tables.json", isRecordOfReport);
}

std::string curvesText(const ReportData& data) {
    std::vector<Curve> curves;
    for (const spectra::Spectrum& spectrum : data.spectra.spectra)
        curves.push_back(makeCurve(spectrum, defaultRanks(spectrum.size())));
    return curvesCsv(curves);
}

struct NamedFigure {
    const char* name;  ///< of its files, without an ending
    FigureRequest request;
};

/// All spectra, their errors, and the blog post's view of the first representative matrix.
std::vector<NamedFigure> figuresOf(const ReportData& data) {
    const std::vector<spectra::Spectrum>& all = data.spectra.spectra;
    SpectraFigure values{.plots = SpectraPlots::SingularValues, .spectra = all, .rank = data.rank};
    SpectraFigure errors{.plots = SpectraPlots::Error, .spectra = all, .rank = data.rank};
    SpectraFigure one{.plots = SpectraPlots::OneMatrix, .rank = data.rank, .axes = plainAxes};
    const auto representatives = representativeMatrices(data.matrices);
    const std::string name = representatives.empty() ? "" : representatives.front().name;
    std::ranges::copy_if(
        all, std::back_inserter(one.spectra),
        [&](const spectra::Spectrum& spectrum) { return spectrum.name() == name; });
    return {{"spectra", {.title = "Singular values", .figure = std::move(values)}},
            {"errors", {.title = "Relative Frobenius error", .figure = std::move(errors)}},
            {"seed",
             {.title = name, .size = {.widthMm = 200, .heightMm = 90}, .figure = std::move(one)}}};
}

/// PNG and PDF of the three figures; false, with a warning, if they cannot be drawn.
bool drawFigures(const fs::path& folder, const ReportData& data, const Progress& progress,
                 std::vector<std::string>& warnings) {
    std::vector<NamedFigure> figures = figuresOf(data);
    try {
        for (const char* ending : {".png", ".pdf"})
            for (auto& [name, request] : figures) {
                progress.report(0.95, std::string("drawing ") + name + ending);
                request.out = folder / (std::string(name) + ending);
                drawFigure(request, progress);
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

const FolderKind reportFolder = {"report that Rankscope wrote (no tables.json)", isOurReport,
                                 isFileOfReport};

ReportResult writeReport(const checkpoint::Checkpoint& checkpoint, const ReportOptions& options,
                         const Progress& progress) {
    AtomicFolder folder(options.target, reportFolder, checkpoint::foldersOf(checkpoint),
                        options.force, progress);
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
    write("parameters.csv",
          toCsv(tableData(parameterStory(data, checkpoint.denseParameterCount()))));
    write("random_vectors.csv", toCsv(tableData(randomVectorStory(data))));
    if (data.evaluation)
        write("evaluation.csv", toCsv(tableData(evaluationStory(*data.evaluation))));
    write("tables.json", result.tables.dump(1) + '\n');
    for (const fs::directory_entry& entry : fs::directory_iterator(partial))
        result.files.push_back(entry.path().filename().string());
    std::sort(result.files.begin(), result.files.end());
    throwIfStopped(progress);
    folder.publish(progress);
    result.path = folder.target();
    return result;
}

Json toJson(const ReportResult& result) {
    return {{"path", result.path.string()},
            {"files", result.files},
            {"tables", result.tables},
            {"warnings", result.warnings}};
}

}  // namespace rankscope::report
