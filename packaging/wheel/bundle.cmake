# SPDX-License-Identifier: Apache-2.0
# The component `bundle`: into the installed lib/rankscope come Qt's plugins and every library that the
# programs need and that is neither glibc's, the compiler's nor LibTorch's; all paths between them are
# relative ($ORIGIN). libX11 and the GL dispatch libraries come too: Qt's widgets cannot be loaded
# without them, and a server that draws figures offscreen has none.
find_program(PATCHELF patchelf REQUIRED)
get_target_property(qt_core Qt6::Core LOCATION)
cmake_path(GET qt_core PARENT_PATH qt_libraries)
find_path(QT_PLUGINS platforms/libqoffscreen.so REQUIRED NO_DEFAULT_PATH
          PATHS ${qt_libraries}/qt6/plugins ${qt_libraries}/../plugins)
find_file(DEJAVU_SANS DejaVuSans.ttf PATHS /usr/share/fonts/truetype/dejavu NO_DEFAULT_PATH REQUIRED)
foreach(variable PATCHELF CMAKE_STRIP QT_PLUGINS RANKSCOPE_TORCH_WHEEL)
    install(CODE "set(${variable} \"${${variable}}\")" COMPONENT bundle)
endforeach()
install(FILES ${DEJAVU_SANS} ${CMAKE_CURRENT_LIST_DIR}/fonts.conf
        DESTINATION share/rankscope/fonts COMPONENT bundle)
# Into the Python package, beside _program: rankscope.register() shows them to transformers.
file(GLOB modeling ${CMAKE_SOURCE_DIR}/core/compress/modeling/*.py)
install(FILES ${modeling} DESTINATION ../modeling COMPONENT bundle)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/qt.conf DESTINATION bin COMPONENT bundle)
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/install_bundle.cmake COMPONENT bundle)
