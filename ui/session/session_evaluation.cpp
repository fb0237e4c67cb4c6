// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <limits>
#include <span>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/evaluate/bootstrap.h"
#include "core/evaluate/comparison.h"
#include "core/evaluate/evaluate.h"
#include "core/evaluate/evaluation.h"
#include "core/plan/plan_json.h"
#include "ui/session/job_events.h"
#include "ui/session/session.h"

namespace rankscope::ui {

namespace {

/// The bootstrap as the evaluation was made with it, so that pinning the first baseline again gives
/// the first intervals again.
evaluate::BootstrapOptions bootstrapOf(const Json& settings) {
    evaluate::BootstrapOptions options;
    const auto found = settings.is_object() ? settings.find("bootstrap") : settings.end();
    if (!settings.is_object() || found == settings.end() || !found->is_object()) {
        return options;
    }
    const auto whole = [&](const char* key, std::uint64_t most, std::uint64_t usual) {
        const auto value = found->find(key);
        return value != found->end() && value->is_number_unsigned() &&
                       value->get<std::uint64_t>() <= most
                   ? value->get<std::uint64_t>()
                   : usual;
    };
    options.seed = whole("seed", std::numeric_limits<std::uint64_t>::max(), options.seed);
    options.resamples = static_cast<std::int64_t>(
        whole("resamples", 100'000, static_cast<std::uint64_t>(options.resamples)));
    return options;
}

}  // namespace

QString Session::planFile() const {
    if (!m_plan) {
        return {};
    }
    const std::string text = toJson(*m_plan).dump();
    const std::string hash = sha256Hex(std::as_bytes(std::span(text)));
    return m_planFolder.filePath(
        QStringLiteral("plan-%1.json").arg(QString::fromStdString(hash.substr(0, 12))));
}

bool Session::writePlanFile() {
    if (!m_plan) {
        emit failed(tr("There is no plan: choose ranks on the Spectra page first."));
        return false;
    }
    try {
        writeFileAtomically(planFile().toStdString(), toJson(*m_plan).dump(1));
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return false;
    }
    return true;
}

bool Session::startEvaluation(const QStringList& arguments) {
    return startJob(m_evaluationJob, tr("Evaluation"), arguments);
}

bool Session::setEvaluation(const Json& document) {
    try {
        m_evaluation = evaluate::evaluationFromJson(document);
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return false;
    }
    emit evaluationChanged();
    return true;
}

bool Session::canPinBaseline() const {
    return m_evaluation && m_evaluation->runs.size() > 1 &&
           std::ranges::all_of(m_evaluation->runs, [](const evaluate::EvaluationRun& run) {
               return run.samples > 0 &&
                      static_cast<std::size_t>(run.samples) == run.results.size();
           });
}

void Session::pinBaseline(std::size_t run) {
    if (!canPinBaseline() || run == 0 || run >= m_evaluation->runs.size()) {
        return;
    }
    auto& runs = m_evaluation->runs;
    const auto place = runs.begin() + static_cast<std::ptrdiff_t>(run);
    std::rotate(runs.begin(), place, place + 1);
    m_evaluation->comparison =
        evaluate::compareRuns(*m_evaluation, bootstrapOf(m_evaluation->settings));
    emit evaluationChanged();
}

bool Session::startRandomVectors(const QStringList& options) {
    if (m_randomVectorsJob.isRunning() || m_program.isEmpty() || !writePlanFile()) {
        return false;
    }
    QStringList words{QStringLiteral("random-vectors"), m_location, QStringLiteral("--plan"),
                      planFile()};
    if (m_plan->calibrationFile.empty() && !m_calibrationFile.isEmpty()) {  // for real inputs
        words << QStringLiteral("--calibration") << m_calibrationFile;
    }
    m_randomVectorsAsked = planFile();
    return startJob(m_randomVectorsJob, tr("Random vectors"), words + options);
}

void Session::takeRandomVectors(const Json& result) {
    try {
        m_randomVectors = randomVectorsFromJson(result);
        m_randomVectorsPlan = m_randomVectorsAsked;
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return;
    }
    emit randomVectorsChanged();
}

}  // namespace rankscope::ui
