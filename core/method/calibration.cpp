// SPDX-License-Identifier: Apache-2.0
#include "core/method/calibration.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace rankscope::method {

Calibration::~Calibration() = default;

void requireSameModel(const Calibration& calibration, const checkpoint::Checkpoint& checkpoint,
                      const Progress& progress) {
    const CalibrationRecord& record = calibration.record();
    if (record.fingerprint == checkpoint.fingerprint() ||
        record.contentHash == checkpoint.contentHash(progress))
        return;
    throw usageError(
        fmt::format("{} is the calibration of another checkpoint ({}); its moments say nothing "
                    "about {}. Run `calibrate` on this one.",
                    printable(calibration.name(), 1000), printable(record.checkpoint, 1000),
                    printable(checkpoint.label(), 1000)),
        calibration.name());
}

Error calibrationMissing(std::string_view what) {
    return usageError(fmt::format(
        "{} needs calibration data: give a file that `calibrate` wrote with --calibration.", what));
}

void requireCalibration(const Method& method, const MethodSettings& settings,
                        const Calibration* calibration) {
    if (calibration == nullptr && method.needs != MethodNeeds::Nothing)
        throw calibrationMissing(fmt::format("The method \"{}\"", method.name));
    if (calibration == nullptr && settings.refit) throw calibrationMissing("A refit");
    if (method.needs == MethodNeeds::Gradients && !calibration->record().gradients)
        throw usageError(
            fmt::format("The method \"{}\" needs gradients, which {} does not have; run "
                        "`calibrate` with --fisher.",
                        method.name, printable(calibration->name(), 1000)),
            calibration->name());
}

}  // namespace rankscope::method
