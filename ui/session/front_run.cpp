// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/front_run.h"

#include "core/base/error.h"
#include "core/plan/plan.h"
#include "core/search/pareto.h"

namespace rankscope::ui {

namespace {

QString share(int percent) { return QString::number(percent / 100.0, 'g', 6); }

}  // namespace

int settingsOf(const FrontRequest& request) {
    const int budgets = request.to < request.from || request.step < 1
                            ? 0
                            : (request.to - request.from) / request.step + 1;
    return budgets * static_cast<int>(request.methods.size() * request.allocations.size());
}

QStringList paretoArguments(const FrontRequest& request, const QString& checkpoint) {
    QStringList words{QStringLiteral("pareto"), checkpoint};
    const auto add = [&](const char* name, const QString& value) {
        if (!value.isEmpty()) words << QLatin1String(name) << value;
    };
    add("--targets", request.targets);
    add("--budgets", QStringLiteral("%1:%2:%3")
                         .arg(share(request.from), share(request.to), share(request.step)));
    add("--methods", request.methods.join(QLatin1Char(',')));
    add("--allocations", request.allocations.join(QLatin1Char(',')));
    add("--storage", toQString(plan::storageChoiceName(request.storage)));
    add("--max-rank", request.maxRank);
    add("--groups", request.groups);
    add("--calibration", request.calibration);
    if (!request.data.isEmpty()) {
        add("--data", request.data);
        add("--limit", request.limit > 0 ? QString::number(request.limit) : QString());
        add("--metrics", request.rouge ? QString() : QStringLiteral("loss"));
    }
    return words << QStringLiteral("--plans");
}

FrontRun::FrontRun(Session* session, QObject* parent) : QObject(parent), m_session(session) {
    connect(&m_job, &JobSlot::done, this,
            [this](const Json& document) { take(document, m_storageAsked); });
    connect(&m_job, &JobSlot::warned, session, &Session::warn);
    connect(&m_job, &JobSlot::failed, session, &Session::report);
    connect(session, &Session::checkpointOpened, this, &FrontRun::forget);
    connect(session, &Session::planChanged, this, [this] {
        if (m_planned && m_session->planOrigin().isEmpty()) {
            m_planned.reset();
            emit plannedChanged();
        }
    });
}

void FrontRun::forget() {
    m_job.drop();
    m_front.reset();
    m_planned.reset();
    emit frontChanged();
}

bool FrontRun::start(const FrontRequest& request) {
    if (!m_session->checkpoint() || m_job.isRunning()) return false;
    m_storageAsked = request.storage;
    return m_session->startJob(m_job,
                               tr("Pareto front of %n settings", nullptr, settingsOf(request)),
                               paretoArguments(request, m_session->location()));
}

void FrontRun::take(const Json& document, plan::StorageChoice storage) {
    try {
        m_front = search::frontFromJson(document, m_session->checkpoint(), "The front");
    } catch (const Error& error) {
        m_session->report(QString::fromStdString(error.what()));
        return;
    }
    m_storage = storage;
    m_planned.reset();
    emit frontChanged();
}

void FrontRun::choose(std::size_t point, const QString& origin) {
    if (!m_front || point >= m_front->points.size() || m_front->points[point].plan.entries.empty())
        return;
    m_session->setPlan(m_front->points[point].plan, m_storage, origin);
    m_planned = point;
    emit plannedChanged();
}

}  // namespace rankscope::ui
