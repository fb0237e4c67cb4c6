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

}  // namespace rankscope::method
