// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/method_curves_results.h"

#include "core/report/race_tables.h"

namespace rankscope::ui {

MethodCurvesResults::MethodCurvesResults(Session* session, QObject* parent)
    : MatrixResults(session, parent) {
    connect(session, &Session::calibrationChanged, this, &MethodCurvesResults::forget);
}

void MethodCurvesResults::request(const std::string& matrix) {
    if (!session().checkpoint() || !session().checkpoint()->findMatrix(matrix) ||
        session().calibrationFile().isEmpty() || knows(matrix) || !problem(matrix).isEmpty())
        return;
    if (job()->isRunning() && running() != std::vector{matrix}) giveWay();
    MatrixResults::request({matrix});
}

QString MethodCurvesResults::title(const QStringList&) const { return tr("Comparison of methods"); }

QStringList MethodCurvesResults::words(const QStringList& matrices) const {
    const auto* matrix = session().checkpoint()->findMatrix(matrices.front().toStdString());
    return {QStringLiteral("curve"),         session().location(),
            QStringLiteral("--targets"),     matrices.front(),
            QStringLiteral("--calibration"), session().calibrationFile(),
            QStringLiteral("--ranks"),       QStringLiteral("0:%1:1").arg(matrix->fullRank())};
}

void MethodCurvesResults::read(const JsonReader& document) {
    std::map<std::string, MatrixMethodCurves> found;
    for (const JsonReader& element : document.at("race").elements()) {
        method::MethodCurve curve = report::raceCurveFromJson(element);
        found[curve.name].curves.push_back(std::move(curve));
    }
    const JsonReader calibration = document.at("calibration");
    for (auto& [name, result] : found) {
        result.notes = job()->warnings();
        result.samples = calibration.at("samples").whole();
        result.heldOut = calibration.at("held_out").whole();
        add(name, std::move(result));
    }
}

QString MethodCurvesResults::cannotBeRead() const {
    return tr("The comparison of methods could not be read: %1");
}

}  // namespace rankscope::ui
