// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QIcon>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "core/base/error.h"
#include "core/base/nearest_words.h"
#include "core/base/own_path.h"
#include "core/base/standard_streams.h"
#include "core/report/figure_request.h"
#include "core/report/window_options.h"
#include "ui/application_icon.h"
#include "ui/main_window.h"
#include "ui/plots/figure_renderer.h"

namespace {

using namespace rankscope;

constexpr std::size_t largestRequest = std::size_t{1} << 30U;
constexpr std::size_t largestEvaluation = std::size_t{1} << 30U;
constexpr int screenshotTimeoutMilliseconds = 120'000;

int exitCode(const Error& error) { return error.kind() == ErrorKind::Usage ? 2 : 1; }

/// The exit code.
int print(std::string_view text) {
    if (writeDescriptor(STDOUT_FILENO, text)) return 0;
    writeStandardError("rankscope: standard output cannot be written to: " + errnoText(errno) +
                       ".\n");
    return 1;
}

int render(const QString& file) {
    try {
        std::string text;
        if (file == QLatin1String("-"))
            text.assign(std::istreambuf_iterator<char>(std::cin), {});
        else
            text = readTextFile(file.toStdString(), largestRequest);
        const std::string what = file == QLatin1String("-") ? "the request" : file.toStdString();
        ui::renderFigure(report::figureRequestFromJson(parseJson(text, what), what));
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
        session.report(QString::fromStdString(error.what()));
    }
    if (!session.evaluation()) return;
    for (const auto& run : session.evaluation()->runs) {  // so that Evaluate repeats it
        const QString folder = QString::fromStdString(run.checkpoint);
        if (QFileInfo(folder).isDir() && QFileInfo(folder) != QFileInfo(session.location()))
            window.evaluationPage()->addFolder(folder);
    }
}

/// Waits for all that is being computed, then saves a picture of the window.
int screenshot(ui::MainWindow& window, const QString& file) {
    QElapsedTimer waited;
    waited.start();
    while ((window.isComputing() || waited.elapsed() < 500) &&
           waited.elapsed() < screenshotTimeoutMilliseconds)
        QApplication::processEvents(QEventLoop::AllEvents, 20);
    if (!window.grab().save(file)) {
        writeStandardError("rankscope: " + file.toStdString() + " could not be written\n");
        return 1;
    }
    return 0;
}

QString text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

void addOptions(QCommandLineParser& parser) {
    parser.setApplicationDescription(text(report::windowHelp));
    for (const report::WindowOption& option : report::windowOptions()) {
        QStringList names{text(option.name)};
        if (!option.letter.empty()) names.prepend(text(option.letter));
        parser.addOption({names, text(option.help), text(option.value)});
    }
    parser.addPositionalArgument(QStringLiteral("CHECKPOINT"), text(report::windowArgumentHelp),
                                 QStringLiteral("[CHECKPOINT]"));
}

/// Why the words could not be parsed.
std::string problemOf(const QCommandLineParser& parser) {
    const QStringList unknown = parser.unknownOptionNames();
    if (unknown.isEmpty()) {
        return parser.errorText().isEmpty() ? "one checkpoint at most"
                                            : parser.errorText().toStdString();
    }
    const std::string word = unknown.first().toStdString();
    std::vector<std::string_view> names;
    for (const report::WindowOption& option : report::windowOptions()) names.push_back(option.name);
    const std::string hint = didYouMean(word, names, "--");
    return "there is no option --" + printable(word) + (hint.empty() ? "." : hint);
}

/// A bare server has no fontconfig, and then no font: an installation that carries one brings its
/// own.
void useOwnFonts() {
    const auto file = sharedResource("fonts") / "fonts.conf";
    std::error_code failure;
    if (std::filesystem::exists("/etc/fonts/fonts.conf", failure) ||
        qEnvironmentVariableIsSet("FONTCONFIG_FILE") || !std::filesystem::exists(file, failure))
        return;
    qputenv("FONTCONFIG_FILE", file.c_str());
}

/// Figures and pictures need no display.
void choosePlatform(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument(argv[i]);
        for (const std::string_view option : {"--render", "--screenshot", "--help", "--version"})
            if (argument.starts_with(option) && !qEnvironmentVariableIsSet("QT_QPA_PLATFORM"))
                qputenv("QT_QPA_PLATFORM", "offscreen");
    }
}

/// Without a display Qt writes a page about plugins and aborts: say one sentence instead. Qt logs
/// the attempts as warnings before the fatal message.
void sayNoDisplay(QtMsgType type, const QMessageLogContext&, const QString& message) {
    if (type == QtFatalMsg) {
        writeStandardError(
            "rankscope: The window cannot be opened: no display can be reached. Start it in "
            "a desktop session (DISPLAY or WAYLAND_DISPLAY name its display), or use "
            "rankscope-cli, which needs none.\n");
        std::_Exit(1);
    }
    if (qEnvironmentVariableIsSet("QT_DEBUG_PLUGINS"))
        writeStandardError(message.toStdString() + '\n');
}

}  // namespace

int main(int argc, char** argv) {
    holdStandardDescriptors();
    std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the permitted size is an ordinary error
    std::signal(SIGPIPE, SIG_IGN);  // Qt's messages may go to a pipe that nobody reads any more
    choosePlatform(argc, argv);
    useOwnFonts();
    const auto usual = qInstallMessageHandler(sayNoDisplay);
    QApplication app(argc, argv);
    qInstallMessageHandler(usual);
    QApplication::setApplicationName(QStringLiteral("rankscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Rankscope"));
    QApplication::setApplicationVersion(QStringLiteral(RANKSCOPE_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("org.rankscope.Rankscope"));
    QCommandLineParser parser;
    addOptions(parser);
    if (!parser.parse(QApplication::arguments()) || parser.positionalArguments().size() > 1) {
        writeStandardError("rankscope: " + problemOf(parser) + "\nTry rankscope --help.\n");
        return 2;
    }
    if (parser.isSet(QStringLiteral("help"))) return print(parser.helpText().toStdString());
    if (parser.isSet(QStringLiteral("version"))) return print("rankscope " RANKSCOPE_VERSION "\n");
    if (parser.isSet(QStringLiteral("render")))
        return render(parser.value(QStringLiteral("render")));
    QApplication::setWindowIcon(
        ui::applicationIcon(QStringLiteral(":/org.rankscope.Rankscope.svg")));
    ui::Session session;
    ui::MainWindow window(&session);
    window.show();
    if (!parser.positionalArguments().isEmpty())
        session.open(parser.positionalArguments().constFirst());
    if (parser.isSet(QStringLiteral("one-matrix"))) window.spectraPage()->showOneMatrix();
    if (parser.isSet(QStringLiteral("overview")))
        window.spectraPage()->showOverview(parser.value(QStringLiteral("overview")));
    if (parser.isSet(QStringLiteral("race"))) {
        window.calibrationMenu()->use(parser.value(QStringLiteral("race")));
        window.spectraPage()->showMethods();
    }
    if (parser.isSet(QStringLiteral("rank")))
        session.setRank(parser.value(QStringLiteral("rank")).toLongLong());
    if (parser.isSet(QStringLiteral("evaluation"))) {
        showEvaluation(window, session, parser.value(QStringLiteral("evaluation")));
        window.evaluationPage()->showDialogues(parser.isSet(QStringLiteral("dialogues")));
    }
    if (parser.isSet(QStringLiteral("screenshot")))
        return screenshot(window, parser.value(QStringLiteral("screenshot")));
    if (parser.isSet(QStringLiteral("check-start"))) {
        QApplication::processEvents();
        return window.grab().isNull() || window.windowIcon().isNull() ? 1 : 0;
    }
    return QApplication::exec();
}
