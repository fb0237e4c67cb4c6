// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include <QFileInfo>
#include <algorithm>
#include <limits>
#include <unordered_set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/evaluate/bootstrap.h"
#include "core/evaluate/comparison.h"
#include "core/evaluate/evaluate.h"
#include "core/plan/plan_json.h"
#include "core/plan/slim_plan.h"
#include "core/workspace/spectra_cache.h"
#include "ui/session/job_events.h"

namespace rankscope::ui {

namespace {

/// Warnings of a core function as signals of the session.
class WarningCollector : public Progress {
 public:
    void warn(std::string_view sentence) const override {
        sentences.push_back(
            QString::fromUtf8(sentence.data(), static_cast<qsizetype>(sentence.size())));
    }
    mutable std::vector<QString> sentences;
};

/// The bootstrap as the evaluation was made with it, so that pinning the first baseline again gives
/// the first intervals again.
evaluate::BootstrapOptions bootstrapOf(const Json& settings) {
    evaluate::BootstrapOptions options;
    const auto found = settings.is_object() ? settings.find("bootstrap") : settings.end();
    if (!settings.is_object() || found == settings.end() || !found->is_object()) return options;
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

Session::Session(QObject* parent) : QObject(parent), m_program(Job::defaultProgram()) {
    for (JobSlot* slot : {&m_spectraJob, &m_evaluationJob, &m_randomVectorsJob}) {
        connect(slot, &JobSlot::warned, this, &Session::warned);
        connect(slot, &JobSlot::failed, this, &Session::failed);
    }
    connect(&m_spectraJob, &JobSlot::spectrumFound, this, &Session::addSpectrum);
    connect(&m_evaluationJob, &JobSlot::done, this, &Session::setEvaluation);
    connect(&m_randomVectorsJob, &JobSlot::done, this, &Session::takeRandomVectors);
}

const spectra::Spectrum* Session::spectrum(const std::string& name) const {
    const auto found = m_open.spectra.find(name);
    return found == m_open.spectra.end() ? nullptr : &found->second;
}

bool Session::open(const QString& nameOrPath) {
    OpenModel opened;
    try {
        opened = openModel(nameOrPath);
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return false;
    }
    opened.draft.storage = m_open.draft.storage;  // how the user wants files written
    m_open = std::move(opened);
    ++m_planRevision;
    for (JobSlot* slot : {&m_spectraJob, &m_randomVectorsJob})  // both are of the old checkpoint
        slot->drop();
    if (QFileInfo::exists(nameOrPath)) m_recent.add(m_open.location);
    readCache();
    emit checkpointOpened();
    emit selectionChanged();
    emit planChanged();
    emit calibrationChanged();
    emit randomVectorsChanged();
    for (const std::string& warning : m_open.checkpoint->warnings())
        emit warned(QString::fromStdString(warning));
    startSpectraJob();
    return true;
}

void Session::setCalibrationFile(const QString& file) {
    if (file == m_open.calibrationFile) return;
    m_open.calibrationFile = file;
    emit calibrationChanged();
}

void Session::readCache() {
    const WarningCollector warnings;
    try {
        m_open.spectra = workspace::readCachedSpectra(*m_open.checkpoint, warnings);
    } catch (const Error& error) {
        warnings.warn(error.what());
    }
    for (const QString& sentence : warnings.sentences) emit warned(sentence);
}

void Session::startSpectraJob() {
    const auto missing =
        std::count_if(m_open.linear.begin(), m_open.linear.end(),
                      [this](const auto& matrix) { return spectrum(matrix.name) == nullptr; });
    if (missing > 0) {
        startJob(m_spectraJob,
                 tr("Singular values of %n matrices", nullptr, static_cast<int>(missing)),
                 {QStringLiteral("spectrum"), m_open.location});
    }
}

bool Session::startJob(JobSlot& slot, const QString& title, const QStringList& words) {
    connect(&slot, &JobSlot::started, this, &Session::jobStarted, Qt::UniqueConnection);
    return !m_program.isEmpty() && slot.start(title, m_program, words);
}

void Session::addSpectrum(const spectra::Spectrum& spectrum) {
    const auto* matrix =
        m_open.checkpoint ? m_open.checkpoint->findMatrix(spectrum.name()) : nullptr;
    if (!matrix || matrix->rows != spectrum.rows() || matrix->columns != spectrum.columns()) return;
    m_open.spectra.insert_or_assign(spectrum.name(), spectrum);
    // A whole plan brought its errors along, and would lose its distribution.
    if (m_open.draft.ranks.contains(spectrum.name()) && m_open.draft.origin.isEmpty()) remakePlan();
    emit spectrumReady(QString::fromStdString(spectrum.name()));
}

const checkpoint::WeightMatrix* Session::currentMatrix() const {
    return m_open.checkpoint ? m_open.checkpoint->findMatrix(m_open.current) : nullptr;
}

std::vector<const spectra::Spectrum*> Session::selectedSpectra() const {
    std::vector<const spectra::Spectrum*> result;
    for (const auto& matrix : m_open.selection)
        if (const auto* known = spectrum(matrix.name)) result.push_back(known);
    return result;
}

std::int64_t Session::largestRank() const {
    std::int64_t largest = 1;
    for (const auto& matrix : m_open.selection) largest = std::max(largest, matrix.fullRank());
    return largest;
}

std::optional<std::int64_t> Session::chosenRank(const std::string& name) const {
    const auto found = m_open.draft.ranks.find(name);
    return found == m_open.draft.ranks.end() ? std::nullopt : std::optional(found->second);
}

void Session::setSelection(const std::vector<std::string>& names, const std::string& current) {
    if (!m_open.checkpoint) return;
    const std::unordered_set<std::string> wanted(names.begin(), names.end());
    m_open.selection.clear();
    for (const auto& matrix : m_open.checkpoint->matrices())
        if (wanted.contains(matrix.name)) m_open.selection.push_back(matrix);
    m_open.current = wanted.contains(current)   ? current
                     : m_open.selection.empty() ? std::string()
                                                : m_open.selection.front().name;
    // The line stands at the current matrix's chosen rank, else where nothing is saved or lost.
    if (const auto* matrix = currentMatrix()) {
        m_open.rank = chosenRank(m_open.current)
                          .value_or(std::max<std::int64_t>(
                              1, checkpoint::breakEvenRank(matrix->rows, matrix->columns)));
    }
    m_open.rank = std::clamp<std::int64_t>(m_open.rank, 1, largestRank());
    emit selectionChanged();
    emit rankChanged(m_open.rank);
}

void Session::setRank(std::int64_t rank) {
    if (m_open.selection.empty()) return;
    m_open.rank = std::clamp<std::int64_t>(rank, 1, largestRank());
    PlanDraft draft = draftToEdit();
    for (const auto& matrix : m_open.selection)
        draft.ranks[matrix.name] = std::min(m_open.rank, matrix.fullRank());
    emit rankChanged(m_open.rank);
    if (draft != m_open.draft) changeByHand(std::move(draft));
}

void Session::clearSelectedRanks() {
    PlanDraft draft = draftToEdit();
    for (const auto& matrix : m_open.selection) draft.ranks.erase(matrix.name);
    changeByHand(std::move(draft));
}

void Session::clearAllRanks() {
    PlanDraft empty;
    empty.storage = m_open.draft.storage;
    setDraft(std::move(empty));
    remakePlan();
}

void Session::setStorage(plan::StorageChoice storage) {
    if (m_open.plan && plan::isSlim(*m_open.plan)) {
        m_open.draft.storage = storage;  // of the plans to come: slim has its own
    } else if (m_open.draft.storage != storage) {
        PlanDraft draft = m_open.draft;
        draft.storage = storage;
        changeByHand(std::move(draft));
    }
}

void Session::setPlan(const plan::CompressionPlan& plan, plan::StorageChoice storage,
                      const QString& origin) {
    if (!m_open.checkpoint || plan.entries.empty()) return;
    setDraft(draftOf(plan, storage, origin));
    m_open.plan = plan;
    if (const auto rank = chosenRank(m_open.current)) {
        m_open.rank = std::clamp<std::int64_t>(*rank, 1, largestRank());
        emit rankChanged(m_open.rank);
    }
    emit planChanged();
}

void Session::setDraft(PlanDraft draft) {
    if (draft != m_open.draft) {
        m_open.draft = std::move(draft);
        ++m_planRevision;
    }
}

PlanDraft Session::draftToEdit() const {
    if (!m_open.plan || !plan::isSlim(*m_open.plan)) return m_open.draft;
    PlanDraft draft;
    draft.storage = m_open.draft.storage;
    return draft;
}

void Session::changeByHand(PlanDraft draft) {
    if (m_open.plan && plan::isSlim(*m_open.plan)) {
        emit warned(tr("The plan is no longer \"%1\": slim has no rank for a single matrix, so "
                       "ranks chosen by hand begin a new plan by svd.")
                        .arg(m_open.draft.origin));
    } else if (!draft.origin.isEmpty()) {
        emit warned(tr("The plan is no longer \"%1\": it was changed by hand. Its method is still "
                       "%2, and counts and errors are those of the ranks as they are now.")
                        .arg(draft.origin, QString::fromStdString(draft.method)));
        draft.origin.clear();
    }
    setDraft(std::move(draft));
    remakePlan();
}

void Session::remakePlan() {
    m_open.plan.reset();
    try {
        m_open.plan = planOf(m_open);
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
    }
    emit planChanged();
}

QString Session::planFile() const {
    return m_open.plan ? m_planFolder.filePath(QStringLiteral("plan-%1.json").arg(m_planRevision))
                       : QString();
}

bool Session::writePlanFile() {
    if (!m_open.plan) {
        emit failed(tr("There is no plan: choose ranks on the Spectra page first."));
        return false;
    }
    try {
        writeFileAtomically(planFile().toStdString(), toJson(*m_open.plan).dump(1));
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
    if (!canPinBaseline() || run == 0 || run >= m_evaluation->runs.size()) return;
    auto& runs = m_evaluation->runs;
    const auto place = runs.begin() + static_cast<std::ptrdiff_t>(run);
    std::rotate(runs.begin(), place, place + 1);
    m_evaluation->comparison =
        evaluate::compareRuns(*m_evaluation, bootstrapOf(m_evaluation->settings));
    emit evaluationChanged();
}

bool Session::startRandomVectors(const QStringList& options) {
    if (m_randomVectorsJob.isRunning() || m_program.isEmpty() || !writePlanFile()) return false;
    QStringList words{QStringLiteral("random-vectors"), m_open.location, QStringLiteral("--plan"),
                      planFile()};
    if (m_open.plan->calibrationFile.empty() &&
        !m_open.calibrationFile.isEmpty())  // for real inputs
        words << QStringLiteral("--calibration") << m_open.calibrationFile;
    m_randomVectorsAsked = m_open.draft;
    return startJob(m_randomVectorsJob, tr("Random vectors"), words + options);
}

void Session::takeRandomVectors(const Json& result) {
    try {
        m_open.randomVectors = randomVectorsFromJson(result);
        m_open.randomVectorsOf = m_randomVectorsAsked;
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return;
    }
    emit randomVectorsChanged();
}

}  // namespace rankscope::ui
