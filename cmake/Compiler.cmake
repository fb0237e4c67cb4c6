# SPDX-License-Identifier: Apache-2.0
# One target holds every compile setting: link rankscope_settings and nothing else sets flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# A library's own sources, never across libraries. Builds without it (headless, asan, dev) are what
# notices a missing include.
set(CMAKE_UNITY_BUILD ${RANKSCOPE_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 6 CACHE STRING "Sources compiled at once")

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Most of the code handles words and JSON; by -O3 core compiles for a tenth longer.
# What computes asks for it: rankscope_optimize(TARGET), or (TARGET FILE…) for some of its files.
add_compile_options($<$<CONFIG:Release>:-O2>)
function(rankscope_optimize target)
    if(ARGN)
        set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O3>)
    else()
        target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O3>)
    endif()
endfunction()

add_library(rankscope_settings INTERFACE)
target_include_directories(rankscope_settings INTERFACE ${CMAKE_SOURCE_DIR})
# Errors only with the compiler that CI runs: a newer one's new warning must not stop a user's build.
if(RANKSCOPE_WERROR AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(rankscope_settings INTERFACE -Werror)
endif()
target_compile_options(rankscope_settings INTERFACE
    -Wall -Wextra -Wpedantic -Wformat=2 -Wimplicit-fallthrough -Wshadow=local
    -Werror=format-security -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>)
target_compile_definitions(rankscope_settings INTERFACE
    _GLIBCXX_ASSERTIONS RANKSCOPE_VERSION="${PROJECT_VERSION}")
target_link_options(rankscope_settings INTERFACE
    -Wl,-z,noexecstack,-z,relro,-z,now -Wl,--as-needed)

if(RANKSCOPE_SANITIZE)
    target_compile_options(rankscope_settings INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
        # GCC 12 warns of its own <regex> then (GCC bug 105562).
        -Wno-maybe-uninitialized)
    target_link_options(rankscope_settings INTERFACE -fsanitize=address,undefined)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(rankscope_settings INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
