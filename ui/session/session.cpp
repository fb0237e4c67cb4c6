// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include <QFileInfo>
#include <algorithm>
#include <unordered_set>

#include "core/base/error.h"
#include "core/checkpoint/parameter_count.h"
#include "core/plan/make_plan.h"
#include "core/plan/plan.h"
#include "core/workspace/spectra_cache.h"

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

/// The most frequent rank that every chosen matrix can have: one makePlan() with it leaves the
/// fewest single edits. The smallest chosen rank always qualifies.
std::int64_t commonRank(const std::vector<checkpoint::WeightMatrix>& chosen,
                        const std::map<std::string, std::int64_t>& ranks) {
    std::int64_t limit = chosen.front().fullRank();
    for (const auto& matrix : chosen) {
        limit = std::min(limit, matrix.fullRank());
    }
    std::map<std::int64_t, int> votes;
    for (const auto& [name, rank] : ranks) {
        if (rank <= limit) {
            ++votes[rank];
        }
    }
    const auto best = std::max_element(votes.begin(), votes.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    return best->first;
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

QString Session::modelName() const {
    if (!m_checkpoint) {
        return {};
    }
    const QString label = QString::fromStdString(m_checkpoint->label());
    const QFileInfo info(label);
    const QString name =
        info.suffix() == QLatin1String("safetensors") ? info.absolutePath() : label;
    const QString last = QFileInfo(name).fileName();
    return last.isEmpty() ? label : last;
}

const spectra::Spectrum* Session::spectrum(const std::string& name) const {
    const auto found = m_spectra.find(name);
    return found == m_spectra.end() ? nullptr : &found->second;
}

bool Session::open(const QString& nameOrPath) {
    std::unique_ptr<const checkpoint::Checkpoint> opened;
    try {
        opened = std::make_unique<const checkpoint::Checkpoint>(
            checkpoint::openCheckpoint(nameOrPath.toStdString()));
    } catch (const Error& error) {
        emit failed(QString::fromStdString(error.what()));
        return false;
    }
    for (JobSlot* slot : {&m_spectraJob, &m_randomVectorsJob}) {  // both are of the old checkpoint
        slot->drop();
    }
    m_randomVectors.clear();
    m_selection.clear();
    m_spectra.clear();
    m_ranks.clear();
    m_plan.reset();
    forgetMethod();
    m_calibrationFile.clear();
    m_current.clear();
    m_rank = 1;
    m_checkpoint = std::move(opened);
    m_location = nameOrPath;
    m_linear.clear();
    for (const auto& matrix : m_checkpoint->matrices()) {
        if (matrix.sublayer != checkpoint::Sublayer::Vocabulary) {
            m_linear.push_back(matrix);
        }
    }
    if (QFileInfo::exists(nameOrPath)) {
        m_location = QFileInfo(nameOrPath).absoluteFilePath();
        m_recent.add(m_location);
    }
    readCache();
    emit checkpointOpened();
    emit selectionChanged();
    emit planChanged();
    emit calibrationChanged();
    emit randomVectorsChanged();
    for (const std::string& warning : m_checkpoint->warnings()) {
        emit warned(QString::fromStdString(warning));
    }
    startSpectraJob();
    return true;
}

void Session::setCalibrationFile(const QString& file) {
    if (file == m_calibrationFile) {
        return;
    }
    m_calibrationFile = file;
    emit calibrationChanged();
}

void Session::readCache() {
    const WarningCollector warnings;
    try {
        m_spectra = workspace::readCachedSpectra(*m_checkpoint, warnings);
    } catch (const Error& error) {
        warnings.warn(error.what());
    }
    for (const QString& sentence : warnings.sentences) {
        emit warned(sentence);
    }
}

void Session::startSpectraJob() {
    const auto missing =
        std::count_if(m_linear.begin(), m_linear.end(),
                      [this](const auto& matrix) { return spectrum(matrix.name) == nullptr; });
    if (missing > 0) {
        startJob(m_spectraJob,
                 tr("Singular values of %n matrices", nullptr, static_cast<int>(missing)),
                 {QStringLiteral("spectrum"), m_location});
    }
}

bool Session::startJob(JobSlot& slot, const QString& title, const QStringList& words) {
    connect(&slot, &JobSlot::started, this, &Session::jobStarted, Qt::UniqueConnection);
    return !m_program.isEmpty() && slot.start(title, m_program, words);
}

void Session::addSpectrum(const spectra::Spectrum& spectrum) {
    const auto* matrix = m_checkpoint ? m_checkpoint->findMatrix(spectrum.name()) : nullptr;
    if (!matrix || matrix->rows != spectrum.rows() || matrix->columns != spectrum.columns()) {
        return;
    }
    m_spectra.insert_or_assign(spectrum.name(), spectrum);
    // A whole plan brought its errors along, and would lose its distribution.
    if (m_ranks.contains(spectrum.name()) && m_planOrigin.isEmpty()) {
        remakePlan();
    }
    emit spectrumReady(QString::fromStdString(spectrum.name()));
}

const checkpoint::WeightMatrix* Session::currentMatrix() const {
    return m_checkpoint ? m_checkpoint->findMatrix(m_current) : nullptr;
}

std::vector<const spectra::Spectrum*> Session::selectedSpectra() const {
    std::vector<const spectra::Spectrum*> result;
    for (const auto& matrix : m_selection) {
        if (const auto* known = spectrum(matrix.name)) {
            result.push_back(known);
        }
    }
    return result;
}

std::int64_t Session::largestRank() const {
    std::int64_t largest = 1;
    for (const auto& matrix : m_selection) {
        largest = std::max(largest, matrix.fullRank());
    }
    return largest;
}

std::optional<std::int64_t> Session::chosenRank(const std::string& name) const {
    const auto found = m_ranks.find(name);
    return found == m_ranks.end() ? std::nullopt : std::optional(found->second);
}

void Session::setSelection(const std::vector<std::string>& names, const std::string& current) {
    if (!m_checkpoint) {
        return;
    }
    const std::unordered_set<std::string> wanted(names.begin(), names.end());
    m_selection.clear();
    for (const auto& matrix : m_checkpoint->matrices()) {
        if (wanted.contains(matrix.name)) {
            m_selection.push_back(matrix);
        }
    }
    m_current = wanted.contains(current) ? current
                : m_selection.empty()    ? std::string()
                                         : m_selection.front().name;
    // The line stands at the current matrix's chosen rank, else where nothing is saved or lost.
    if (const auto* matrix = currentMatrix()) {
        m_rank = chosenRank(m_current).value_or(
            std::max<std::int64_t>(1, checkpoint::breakEvenRank(matrix->rows, matrix->columns)));
    }
    m_rank = std::clamp<std::int64_t>(m_rank, 1, largestRank());
    emit selectionChanged();
    emit rankChanged(m_rank);
}

void Session::setRank(std::int64_t rank) {
    if (m_selection.empty()) {
        return;
    }
    m_rank = std::clamp<std::int64_t>(rank, 1, largestRank());
    bool changed = false;
    for (const auto& matrix : m_selection) {
        const std::int64_t own = std::min(m_rank, matrix.fullRank());
        const auto [place, added] = m_ranks.try_emplace(matrix.name, own);
        changed = changed || added || place->second != own;
        place->second = own;
    }
    emit rankChanged(m_rank);
    if (changed) {
        leaveOrigin();
        remakePlan();
    }
}

void Session::clearSelectedRanks() {
    for (const auto& matrix : m_selection) {
        m_ranks.erase(matrix.name);
    }
    leaveOrigin();
    remakePlan();
}

void Session::clearAllRanks() {
    m_ranks.clear();
    forgetMethod();
    remakePlan();
}

void Session::setStorage(plan::StorageChoice storage) {
    if (m_storage != storage) {
        m_storage = storage;
        leaveOrigin();
        remakePlan();
    }
}

void Session::remakePlan() {
    m_plan.reset();
    if (m_checkpoint && !m_ranks.empty()) {
        std::vector<checkpoint::WeightMatrix> chosen;
        for (const auto& matrix : m_checkpoint->matrices()) {
            if (m_ranks.contains(matrix.name)) {
                chosen.push_back(matrix);
            }
        }
        plan::PlanOptions options;
        const std::int64_t common = commonRank(chosen, m_ranks);
        options.target = {plan::RankTarget::Kind::Rank, static_cast<double>(common)};
        options.storage = m_storage;
        options.method = m_method;
        options.settings = m_methodSettings;
        try {
            auto plan = plan::makePlan(*m_checkpoint, chosen, m_spectra, options);
            for (const auto& [name, rank] : m_ranks) {
                if (rank != common) {
                    plan =
                        plan::withRank(*m_checkpoint, plan, name, rank, m_storage, spectrum(name));
                }
            }
            plan.calibrationFile = m_planCalibration;
            m_plan = std::move(plan);
        } catch (const Error& error) {
            emit failed(QString::fromStdString(error.what()));
        }
    }
    emit planChanged();
}

}  // namespace rankscope::ui
