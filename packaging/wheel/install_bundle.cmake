# SPDX-License-Identifier: Apache-2.0
# Runs while the component `bundle` is installed (bundle.cmake sets the variables), after the components
# cli and window.
cmake_policy(VERSION 3.21)
set(prefix $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX})
set(libraries ${prefix}/lib/rankscope)
set(programs ${prefix}/bin/rankscope-cli ${prefix}/bin/rankscope)
set(backend ${libraries}/librankscope_torch.so)

set(plugins
    platforms/libqoffscreen.so platforms/libqxcb.so platforms/libqwayland-generic.so
    wayland-shell-integration/libxdg-shell.so wayland-decoration-client/libbradient.so
    platforminputcontexts/libcomposeplatforminputcontextplugin.so
    iconengines/libqsvgicon.so imageformats/libqsvg.so)
foreach(plugin ${plugins})
    if(NOT EXISTS ${QT_PLUGINS}/${plugin})
        message(FATAL_ERROR "Qt's plugin ${QT_PLUGINS}/${plugin} is missing; install qt6-base and qt6-wayland.")
    endif()
    cmake_path(GET plugin PARENT_PATH folder)
    file(INSTALL ${QT_PLUGINS}/${plugin} DESTINATION ${libraries}/plugins/${folder})
    list(APPEND installed_plugins ${libraries}/plugins/${plugin})
endforeach()

# glibc's and the compiler's are the machine's, LibTorch's are PyTorch's. libgomp comes along for the
# window, whose Qt needs it; PyTorch's own is loaded first in the command line, and serves our backend too.
set(theirs
    "^(ld-linux.*|libc|libm|libdl|librt|libpthread|libutil|libresolv|libstdc\\+\\+|libgcc_s|libtorch.*|libc10.*)\\.so")
file(GET_RUNTIME_DEPENDENCIES
    EXECUTABLES ${programs} LIBRARIES ${backend} ${installed_plugins}
    RESOLVED_DEPENDENCIES_VAR needed UNRESOLVED_DEPENDENCIES_VAR missing
    CONFLICTING_DEPENDENCIES_PREFIX conflicts
    PRE_EXCLUDE_REGEXES ${theirs} POST_EXCLUDE_REGEXES "^${libraries}/")
if(missing OR conflicts_FILENAMES)
    message(FATAL_ERROR "These libraries cannot be bundled: not found ${missing}; found twice ${conflicts_FILENAMES}.")
endif()
foreach(library ${needed})
    cmake_path(GET library FILENAME name)
    file(REAL_PATH ${library} file)
    file(INSTALL ${file} DESTINATION ${libraries} RENAME ${name})
    list(APPEND bundled ${libraries}/${name})
endforeach()

# $1: the run path of the files after it.
function(finish run_path)
    foreach(file ${ARGN})
        execute_process(COMMAND ${CMAKE_STRIP} --strip-unneeded ${file} COMMAND_ERROR_IS_FATAL ANY)
        execute_process(COMMAND ${PATCHELF} --set-rpath ${run_path} ${file} COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
endfunction()
finish("\$ORIGIN/../lib/rankscope" ${programs})
finish("\$ORIGIN" ${backend} ${bundled})
finish("\$ORIGIN/../.." ${installed_plugins})

# The licence of everything that came along, as its Debian package states it.
foreach(library ${needed} ${plugins})
    # /lib may be a link to /usr/lib; plugins have names that other Qt versions have too.
    cmake_path(GET library FILENAME name)
    if(library IN_LIST plugins)
        set(name qt6/plugins/${library})
    endif()
    execute_process(COMMAND dpkg-query --search */${name} OUTPUT_VARIABLE owner
                    COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "^[^:,]+" package ${owner})
    list(APPEND packages ${package})
endforeach()
list(REMOVE_DUPLICATES packages)
foreach(package ${packages} fonts-dejavu-core)
    file(REAL_PATH /usr/share/doc/${package}/copyright file)
    file(INSTALL ${file} DESTINATION ${prefix}/share/doc/rankscope/bundled RENAME ${package}.txt)
endforeach()
