// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/standard_streams.h"
#include "ui/main_window.h"

namespace {

using namespace rankscope;

constexpr std::size_t largestRequest = std::size_t{1} << 30U;
constexpr std::size_t largestEvaluation = std::size_t{1} << 30U;
constexpr int screenshotTimeoutMilliseconds = 120'000;

int exitCode(const Error& error) { return error.kind() == ErrorKind::Usage ? 2 : 1; }

/// The exit code.
int print(std::string_view text) {
    if (writeDescriptor(STDOUT_FILENO, text)) {
        return 0;
    }
    writeStandardError("rankscope: standard output cannot be written to: " + errnoText(errno) +
                       ".\n");
    return 1;
}

int render(const QString& file) {
    try {
        std::string text;
        if (file == QLatin1String("-")) {
            text.assign(std::istreambuf_iterator<char>(std::cin), {});
        } else {
            text = readTextFile(file.toStdString(), largestRequest);
        }
        const std::string what = file == QLatin1String("-") ? "the request" : file.toStdString();
        ui::renderFigure(ui::figureRequestFromJson(parseJson(text, what), what));
        return 0;
    } catch (const Error& error) {
        writeStandardError(std::string("rankscope: ") + error.what() + '\n');
        return exitCode(error);
    } catch (const std::exception& error) {
        writeStandardError(std::string("rankscope: the figure could not be drawn: ") +
                           error.what() + '\n');
        return 1;
    }
}

/// Shows the page with what `evaluate --json` wrote; an error is said by the window.
void showEvaluation(ui::MainWindow& window, ui::Session& session, const QString& file) {
    window.showEvaluation();
    try {
        session.setEvaluation(
            parseJson(readTextFile(file.toStdString(), largestEvaluation), file.toStdString()));
    } catch (const Error& error) {
        emit session.failed(QString::fromStdString(error.what()));
    }
    if (!session.evaluation()) {
        return;
    }
    for (const auto& run : session.evaluation()->runs) {  // so that Evaluate repeats it
        const QString folder = QString::fromStdString(run.checkpoint);
        if (QFileInfo(folder).isDir() && QFileInfo(folder) != QFileInfo(session.location())) {
            window.evaluationPage()->setup()->addFolder(folder);
        }
    }
}

/// Waits for the spectra and a race, then saves a picture of the window.
int screenshot(ui::MainWindow& window, ui::Session& session, const QString& file) {
    QElapsedTimer waited;
    waited.start();
    while ((session.spectraJob() || window.spectraPage()->race()->results()->job() ||
            waited.elapsed() < 500) &&
           waited.elapsed() < screenshotTimeoutMilliseconds) {
        QApplication::processEvents(QEventLoop::AllEvents, 20);
    }
    if (!window.grab().save(file)) {
        writeStandardError("rankscope: " + file.toStdString() + " could not be written\n");
        return 1;
    }
    return 0;
}

/// Figures and pictures need no display.
void choosePlatform(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument(argv[i]);
        for (const std::string_view option : {"--render", "--screenshot", "--help", "--version"}) {
            if (argument.starts_with(option) && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
                qputenv("QT_QPA_PLATFORM", "offscreen");
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    holdStandardDescriptors();
    std::signal(SIGPIPE, SIG_IGN);  // Qt's messages may go to a pipe that nobody reads any more
    choosePlatform(argc, argv);
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("rankscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Rankscope"));
    QApplication::setApplicationVersion(QStringLiteral(RANKSCOPE_VERSION));
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("How compressible is a Flan-T5 model?"));
    const auto help = parser.addHelpOption();
    const auto version = parser.addVersionOption();
    const QCommandLineOption renderOption(
        QStringLiteral("render"), QStringLiteral("Draw one figure and exit; - reads stdin."),
        QStringLiteral("REQUEST.json"));
    const QCommandLineOption screenshotOption(
        QStringLiteral("screenshot"),
        QStringLiteral("Save a picture of the window once its spectra are there, and exit."),
        QStringLiteral("FILE.png"));
    const QCommandLineOption oneOption(QStringLiteral("one-matrix"),
                                       QStringLiteral("Start with the view of one matrix."));
    const QCommandLineOption overviewOption(QStringLiteral("overview"),
                                            QStringLiteral("Start with the overview of all layers: "
                                                           "effective-rank, alpha, …"),
                                            QStringLiteral("METRIC"));
    const QCommandLineOption raceOption(
        QStringLiteral("race"),
        QStringLiteral("Start with the race of methods on this calibration."),
        QStringLiteral("CALIBRATION.h5"));
    const QCommandLineOption rankOption(
        QStringLiteral("rank"), QStringLiteral("Start with this rank set."), QStringLiteral("N"));
    const QCommandLineOption evaluationOption(
        QStringLiteral("evaluation"),
        QStringLiteral("Start with the Evaluation page and this result of evaluate --json "
                       "--per-sample."),
        QStringLiteral("RESULT.json"));
    const QCommandLineOption dialoguesOption(
        QStringLiteral("dialogues"),
        QStringLiteral("With --evaluation: start with its dialogues one by one."));
    const QCommandLineOption startOption(
        QStringLiteral("check-start"),
        QStringLiteral("Exit once the window has been drawn; to measure how long it takes."));
    parser.addOptions({renderOption, screenshotOption, oneOption, overviewOption, raceOption,
                       rankOption, evaluationOption, dialoguesOption, startOption});
    parser.addPositionalArgument(QStringLiteral("CHECKPOINT"),
                                 QStringLiteral("Folder, weights file, Hub id, or demo."),
                                 QStringLiteral("[CHECKPOINT]"));
    if (!parser.parse(QApplication::arguments()) || parser.positionalArguments().size() > 1) {
        writeStandardError("rankscope: " +
                           (parser.errorText().isEmpty() ? std::string("one checkpoint at most")
                                                         : parser.errorText().toStdString()) +
                           "\nTry rankscope --help.\n");
        return 2;
    }
    if (parser.isSet(help)) {
        return print(parser.helpText().toStdString());
    }
    if (parser.isSet(version)) {
        return print("rankscope " RANKSCOPE_VERSION "\n");
    }
    if (parser.isSet(renderOption)) {
        return render(parser.value(renderOption));
    }
    ui::Session session;
    ui::MainWindow window(&session);
    window.show();
    if (!parser.positionalArguments().isEmpty()) {
        session.open(parser.positionalArguments().constFirst());
    }
    window.spectraPage()->showOneMatrix(parser.isSet(oneOption));
    if (parser.isSet(overviewOption)) {
        QComboBox* chooser = window.spectraPage()->overview()->chooser();
        chooser->setCurrentIndex(std::max(0, chooser->findData(parser.value(overviewOption))));
        window.spectraPage()->showOverview();
    }
    if (parser.isSet(raceOption)) {
        window.calibrationMenu()->use(parser.value(raceOption));
        window.spectraPage()->showRace();
    }
    if (parser.isSet(rankOption)) {
        session.setRank(parser.value(rankOption).toLongLong());
    }
    if (parser.isSet(evaluationOption)) {
        showEvaluation(window, session, parser.value(evaluationOption));
        window.evaluationPage()->tabs()->setCurrentIndex(parser.isSet(dialoguesOption) ? 1 : 0);
    }
    if (parser.isSet(screenshotOption)) {
        return screenshot(window, session, parser.value(screenshotOption));
    }
    if (parser.isSet(startOption)) {
        QApplication::processEvents();
        return window.grab().isNull() ? 1 : 0;
    }
    return QApplication::exec();
}
