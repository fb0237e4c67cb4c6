# SPDX-License-Identifier: Apache-2.0
# CPack runs this on the installed components before it packs them: Debian wants manual pages compressed.
find_program(GZIP gzip REQUIRED)
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*.1)
foreach(page ${pages})
    execute_process(COMMAND ${GZIP} -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
