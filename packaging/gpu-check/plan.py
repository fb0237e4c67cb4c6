# SPDX-License-Identifier: Apache-2.0
"""The steps in order of their value: what comes last is what a short run goes without."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    limit: float  # seconds at most
    after: tuple = ()  # steps that make what this one needs


PLAN = [
    Step("install", "Installing the wheel", 60),
    Step("doctor", "doctor", 40, ("install",)),
    Step("tests", "Tests labelled cuda", 70, ("install",)),
    Step("demo", "The demo model: commands on the device and on the CPU", 60, ("install",)),
    Step("model", "Making a model of the base shape", 50, ("install",)),
    Step("parity", "Ids and loss of the base shape on the device and on the CPU", 50, ("model",)),
    Step("float32", "Loss and generation in float32 against transformers", 130, ("model",)),
    Step("spectra", "All spectra of the base shape against loops", 75, ("model",)),
    Step("factors", "Factors at half rank against a loop", 60, ("model",)),
    Step("half", "A half-size model against the dense one", 70, ("model",)),
    Step("bfloat16", "Loss and generation in bfloat16 against transformers", 110, ("model",)),
    Step("calibration", "Calibration", 40, ("model",)),
    Step("large", "All spectra of the large shape against loops", 80, ("install",)),
]
