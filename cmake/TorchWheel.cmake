# SPDX-License-Identifier: Apache-2.0
# Which PyTorch: RANKSCOPE_TORCH_WHEEL names the folder `torch` of an installed PyPI package to build
# on, instead of find_package(Torch). RANKSCOPE_TORCH_MINOR is then its minor version, e.g. 2.11: the
# C++ interface changes from one to the next.
set(RANKSCOPE_TORCH_WHEEL "" CACHE PATH
    "Folder `torch` of an installed PyPI wheel to build against, instead of find_package(Torch)")
set(RANKSCOPE_TORCH_MINOR "")
if(RANKSCOPE_TORCH_WHEEL)
    if(NOT EXISTS ${RANKSCOPE_TORCH_WHEEL}/version.py)
        message(FATAL_ERROR "RANKSCOPE_TORCH_WHEEL: ${RANKSCOPE_TORCH_WHEEL} is not the folder "
                            "`torch` of an installed PyTorch; it holds no version.py.")
    endif()
    file(STRINGS ${RANKSCOPE_TORCH_WHEEL}/version.py version REGEX "^__version__")
    string(REGEX MATCH "[0-9]+\\.[0-9]+" RANKSCOPE_TORCH_MINOR "${version}")
endif()
