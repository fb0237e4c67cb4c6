# SPDX-License-Identifier: Apache-2.0
# What the folders do not install themselves. Components: cli (Apache-2.0) and window (GPL-3.0-or-later),
# of which the Debian packages are made; licences, which Debian has already; bundle, for the wheel.
# Programs find everything relative to bin/.
file(GLOB licence_texts ${CMAKE_SOURCE_DIR}/LICENSES/*)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE.md DESTINATION share/doc/rankscope COMPONENT licences)
install(FILES ${licence_texts} DESTINATION share/doc/rankscope/LICENSES COMPONENT licences)
include(${CMAKE_SOURCE_DIR}/packaging/deb/deb.cmake)
if(RANKSCOPE_BUNDLE)
    include(${CMAKE_SOURCE_DIR}/packaging/wheel/bundle.cmake)
endif()
