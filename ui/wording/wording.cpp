// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/wording/wording.h"

#include <QFileInfo>
#include <QLocale>
#include <QObject>
#include <map>

#include "core/base/error.h"
#include "core/checkpoint/weight_matrix.h"

namespace rankscope::ui {

QString toQString(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString fixed(double value, int decimals) { return QLocale::c().toString(value, 'f', decimals); }

QString grouped(std::int64_t number) {
    return QLocale(QLocale::English, QLocale::UnitedStates)
        .toString(static_cast<qlonglong>(number));
}

QString moduleName(const std::string& tensorName) {
    std::string name = tensorName;
    if (name.ends_with(".weight")) name.resize(name.size() - 7);
    const auto layer = name.find(".layer.");
    if (layer != std::string::npos) {
        const auto dot = name.find('.', layer + 7);
        if (dot != std::string::npos) name = name.substr(dot + 1);
    }
    return QString::fromStdString(printable(name));
}

QString shortName(const std::string& tensorName) {
    const auto matrix = checkpoint::matrixOfTensorName(tensorName);
    if (!matrix || matrix->block < 0) return moduleName(tensorName);
    const auto stack = std::string(checkpoint::stackName(matrix->stack));
    return QStringLiteral("%1 %2 %3")
        .arg(QString::fromStdString(stack))
        .arg(matrix->block)
        .arg(moduleName(tensorName));
}

QString runName(const std::string& checkpoint) {
    QString whole = QString::fromStdString(printable(checkpoint, 4096));
    while (whole.size() > 1 && whole.endsWith(QLatin1Char('/'))) whole.chop(1);
    const QString last = QFileInfo(whole).fileName();
    return last.isEmpty() ? whole : last;
}

std::vector<QString> runNames(const evaluate::Evaluation& evaluation) {
    std::vector<QString> names;
    std::map<QString, int> uses;
    for (const auto& run : evaluation.runs) {
        names.push_back(runName(run.checkpoint));
        ++uses[names.back()];
    }
    std::map<QString, int> seen;
    for (QString& name : names) {
        if (uses[name] > 1) {
            const int number = ++seen[name];
            name = QObject::tr("%1 (%2)").arg(name).arg(number);
        }
    }
    return names;
}

}  // namespace rankscope::ui
