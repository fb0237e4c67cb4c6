// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QTemporaryDir>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/evaluate/evaluation.h"
#include "ui/session/job_slot.h"
#include "ui/session/open_model.h"
#include "ui/session/recent_files.h"

namespace rankscope::ui {

/// The only mutable state of the window: the open checkpoint, the spectra known so far, the
/// selection, the ranks chosen, and what was evaluated. Widgets show it and call its slots; none
/// keeps a copy.
class Session : public QObject {
    Q_OBJECT
 public:
    explicit Session(QObject* parent = nullptr);

    /// The program that computes; by default rankscope-cli beside this one. Empty: compute nothing.
    void setProgram(const QString& program) { m_program = program; }
    const QString& program() const { return m_program; }

    const checkpoint::Checkpoint* checkpoint() const { return m_open.checkpoint.get(); }
    /// The argument of rankscope-cli that names this checkpoint.
    const QString& location() const { return m_open.location; }
    /// The model's name for titles.
    QString modelName() const { return nameOf(m_open); }
    /// All matrices that can be compressed by default: embeddings and head are not among them.
    const std::vector<checkpoint::WeightMatrix>& linearMatrices() const { return m_open.linear; }

    const std::map<std::string, spectra::Spectrum>& spectra() const { return m_open.spectra; }
    const spectra::Spectrum* spectrum(const std::string& name) const;
    JobSlot* spectraJob() { return &m_spectraJob; }

    /// Selected matrices in model order, and the one that the view of one matrix shows.
    const std::vector<checkpoint::WeightMatrix>& selection() const { return m_open.selection; }
    const checkpoint::WeightMatrix* currentMatrix() const;
    /// Spectra of the selected matrices, those that are known.
    std::vector<const spectra::Spectrum*> selectedSpectra() const;
    /// The largest min(rows, columns) of the selection; 1 if nothing is selected.
    std::int64_t largestRank() const;

    /// Where the rank line stands: 1 … largestRank().
    std::int64_t rank() const { return m_open.rank; }
    /// The rank chosen for a matrix, if one was.
    std::optional<std::int64_t> chosenRank(const std::string& name) const;
    plan::StorageChoice storage() const { return m_open.draft.storage; }
    /// The plan of all matrices with a chosen rank; nothing if there is none.
    const std::optional<plan::CompressionPlan>& plan() const { return m_open.plan; }
    /// Another number for each draft that a plan was made from.
    quint64 planRevision() const { return m_planRevision; }
    /// The method of the plan: svd until setPlan() brings another one.
    const std::string& method() const { return m_open.draft.method; }
    /// The name of the plan as it stands, e.g. "anchored, water-filling, 70 %"; empty if its
    /// ranks were chosen by hand.
    const QString& planOrigin() const { return m_open.draft.origin; }
    /// Where writePlanFile() puts this plan: one file per revision, gone when the window is.
    QString planFile() const;

    /// The last evaluation; null if there is none yet.
    const evaluate::Evaluation* evaluation() const {
        return m_evaluation ? &*m_evaluation : nullptr;
    }
    /// True if another baseline's differences can be worked out: the examples are known.
    bool canPinBaseline() const;
    JobSlot* evaluationJob() { return &m_evaluationJob; }
    /// Original against planned matrices on random vectors; empty if not computed yet.
    const std::vector<evaluate::RandomVectorsResult>& randomVectors() const {
        return m_open.randomVectors;
    }
    /// False if the plan was changed since.
    bool randomVectorsFitPlan() const {
        return m_open.plan && m_open.randomVectorsOf == m_open.draft;
    }
    JobSlot* randomVectorsJob() { return &m_randomVectorsJob; }

    /// The file of moments that methods and measurements of this checkpoint look at; empty: none
    /// chosen. The child process that uses it checks whether it fits.
    const QString& calibrationFile() const { return m_open.calibrationFile; }

    RecentFiles& recentFiles() { return m_recent; }

    /// Starts rankscope-cli in a slot and tells of it by jobStarted(). False, and nothing started,
    /// while a job runs there, or without a program.
    bool startJob(JobSlot& slot, const QString& title, const QStringList& words);

 public slots:
    /// Says something to the user: what went wrong by failed(), what is to be known by warned().
    void report(const QString& message) { emit failed(message); }
    void warn(const QString& message) { emit warned(message); }
    /// Opens a checkpoint (headers only), shows cached spectra and starts a job for the others.
    /// On an error the open one stays and failed() says why.
    bool open(const QString& nameOrPath);
    void setSelection(const std::vector<std::string>& names, const std::string& current = {});
    /// Moves the rank line and sets that rank, clamped to each one's full rank, for all selected.
    void setRank(std::int64_t rank);
    /// Takes the selected matrices out of the plan, or all.
    void clearSelectedRanks();
    void clearAllRanks();
    void setStorage(rankscope::plan::StorageChoice storage);
    /// Takes a whole plan for the open checkpoint, `origin` as in planOrigin(). Ranks changed by
    /// hand afterwards keep its method, settings and calibration; its distribution is then left,
    /// and warned() says so.
    void setPlan(const rankscope::plan::CompressionPlan& plan,
                 rankscope::plan::StorageChoice storage, const QString& origin);
    /// Until another checkpoint is opened.
    void setCalibrationFile(const QString& file);
    void addSpectrum(const rankscope::spectra::Spectrum& spectrum);
    /// Writes the current plan to planFile(). On an error false, and failed() says why.
    bool writePlanFile();
    /// Starts rankscope-cli with these words; its result becomes evaluation(). False, and nothing
    /// started, while one runs.
    bool startEvaluation(const QStringList& arguments);
    /// Takes the document of `evaluate --json`. On an error the old one stays and failed() says
    /// why.
    bool setEvaluation(const rankscope::Json& document);
    /// Puts a run first and works the differences out anew (arithmetic on what is known).
    void pinBaseline(std::size_t run);
    /// Starts the comparison of the current plan on random vectors.
    bool startRandomVectors(const QStringList& options);

 signals:
    void checkpointOpened();
    void spectrumReady(const QString& name);
    void selectionChanged();
    void rankChanged(qint64 rank);
    void planChanged();
    void calibrationChanged();
    void evaluationChanged();
    void randomVectorsChanged();
    void jobStarted(rankscope::ui::Job* job);
    void warned(const QString& message);
    void failed(const QString& message);

 private:
    void readCache();
    void startSpectraJob();
    void setDraft(PlanDraft draft);
    /// The draft that ranks are changed in: an empty one if the plan is by slim.
    PlanDraft draftToEdit() const;
    /// A draft that the user changed: it is no longer the plan of its origin.
    void changeByHand(PlanDraft draft);
    void remakePlan();
    void takeRandomVectors(const Json& result);

    QString m_program;
    OpenModel m_open;
    quint64 m_planRevision = 0;
    QTemporaryDir m_planFolder;
    std::optional<evaluate::Evaluation> m_evaluation;  // stays: it may be of several checkpoints
    PlanDraft m_randomVectorsAsked;                    // whose plan the job compares
    JobSlot m_spectraJob;
    JobSlot m_evaluationJob;
    JobSlot m_randomVectorsJob;
    RecentFiles m_recent;
};

}  // namespace rankscope::ui
