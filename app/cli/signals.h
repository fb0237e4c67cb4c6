// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rankscope::cli {

/// SIGINT, SIGTERM and SIGHUP ask the running command to stop (it does so within one matrix and
/// leaves nothing half-written). Where it has not ended 5 s after the first one, or when a second
/// one comes, the program ends with exit code 130 in whatever it is doing, and what it had not
/// finished writing is removed. Writing to a closed pipe, or beyond the permitted size of a file,
/// becomes an ordinary error instead of ending the program.
void installSignalHandlers();

/// True once a signal asked to stop.
bool stopSignalled();

}  // namespace rankscope::cli
