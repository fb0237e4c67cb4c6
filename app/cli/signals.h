// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rankscope::cli {

/// SIGINT, SIGTERM and SIGHUP ask the running command to stop (it does so within one matrix and
/// leaves nothing half-written); the second one ends the program at once with exit code 130.
/// Writing to a closed pipe becomes an ordinary error instead of ending the program.
void installSignalHandlers();

/// True once a signal asked to stop.
bool stopSignalled();

}  // namespace rankscope::cli
