# SPDX-License-Identifier: Apache-2.0
# Two Debian packages by CPack, for the release they are built on: rankscope-cli (component cli,
# Apache-2.0) and rankscope (component window, GPL-3.0-or-later). `./dev package deb` builds them.
set(RANKSCOPE_MAINTAINER "Rankscope contributors <contact@rankscope.org>" CACHE STRING
    "Maintainer of the Debian packages")

file(STRINGS /etc/os-release os_release REGEX "^VERSION_ID=")
string(REGEX MATCH "[0-9.]+" debian "${os_release}")
set(debian_version ${PROJECT_VERSION}-1~deb${debian})

# Each package carries its own copyright file and changelog; on every system they say the same.
find_program(GZIP gzip REQUIRED)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, if it is set
foreach(package rankscope-cli rankscope)
    set(folder ${CMAKE_BINARY_DIR}/packaging/${package})
    configure_file(${CMAKE_CURRENT_LIST_DIR}/changelog.in ${folder}/changelog.Debian @ONLY)
    execute_process(COMMAND ${GZIP} -9nkf ${folder}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
endforeach()
install(FILES ${CMAKE_CURRENT_LIST_DIR}/rankscope-cli.copyright RENAME copyright
        DESTINATION share/doc/rankscope-cli COMPONENT cli)
install(FILES ${CMAKE_BINARY_DIR}/packaging/rankscope-cli/changelog.Debian.gz
        DESTINATION share/doc/rankscope-cli COMPONENT cli)
if(RANKSCOPE_GUI)
    install(FILES ${CMAKE_CURRENT_LIST_DIR}/rankscope.copyright RENAME copyright
            DESTINATION share/doc/rankscope COMPONENT window)
    install(FILES ${CMAKE_BINARY_DIR}/packaging/rankscope/changelog.Debian.gz
            DESTINATION share/doc/rankscope COMPONENT window)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rankscope)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${RANKSCOPE_MAINTAINER})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL cli window)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/compress_man_pages.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1~deb${debian})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME rankscope-cli)
set(CPACK_DEBIAN_CLI_PACKAGE_DEPENDS libopenblas0-pthread)  # LibTorch takes any BLAS, slow ones too
set(CPACK_DEBIAN_WINDOW_PACKAGE_NAME rankscope)
set(CPACK_DEBIAN_WINDOW_PACKAGE_DEPENDS
    "rankscope-cli (= ${debian_version}), fonts-dejavu-core")
set(CPACK_COMPONENT_CLI_DESCRIPTION "The command line: singular values of every weight matrix, error against
rank, low-rank compression by eight methods, loss and ROUGE of original
and compressed model side by side. It writes checkpoints that
transformers loads.")
set(CPACK_COMPONENT_WINDOW_DESCRIPTION "The window to rankscope-cli: spectra of every weight matrix, ranks chosen
by hand or by budget, evaluation and Pareto pages, figures for a paper.
It also draws the figures that rankscope-cli writes.")
include(CPack)
