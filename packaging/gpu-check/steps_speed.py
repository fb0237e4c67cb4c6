# SPDX-License-Identifier: Apache-2.0
"""The steps that time Rankscope against PyTorch and transformers, and against itself."""
import dataclasses
import json
import statistics
import time

import checkpoints
from contest import BEAMS, Contest, generation_contest, samsum
from gpu_memory import PeakMemory
from programs import Programs, cores, installed, peer
from steps_right import SMALL, largest_apart, make, spectra_apart, worst

SPECTRA_GOAL, FACTORS_GOAL = 10, 5


# --- decompositions -----------------------------------------------------------------------------

def timing(seconds):
    return {"seconds": statistics.median(seconds), "rounds": len(seconds),
            "range": f"{min(seconds):.3g} - {max(seconds):.3g}"}


def with_peak(work):
    """What `work` gives, and the GPU's peak in MB."""
    with PeakMemory() as peak:
        answer = work()
    return answer, peak.megabytes


def thread_counts(f):
    """Matrices worked on at once by the device."""
    return [1, 8] if f.device.startswith("cuda") else [cores()]


def our_spectra(f, programs, folder, task):
    """Rows of ours on the device and on the CPU; gives the fastest on the device, and the values of
    both."""
    best, values = float("inf"), {}
    for device, threads in [(f.device, count) for count in thread_counts(f)] + [("cpu", 0)]:
        run, peak = with_peak(lambda: programs.measure("rankscope-bench-spectra", folder, threads,
                                                       device, 2))
        loading = run["seconds_loading"]
        f.row(task=task, contender=f"ours, {device}, {threads or 'all'} threads", gpu_mb=peak,
              remark=f"{loading:.1f} s to load before", **timing(run["rounds"]))
        values.setdefault("cpu" if threads == 0 else "device", run)
        if threads:
            best = min(best, statistics.median(run["rounds"]))
    return best, values


def loops(f, folder, kinds, task, limit):
    """Loops over torch.linalg in Python: what each kind gave, rows written."""
    if not installed("torch"):
        f.note(f"{', '.join(kinds)}: not measured, PyTorch is not installed in this Python.")
        return {}
    limit = min(limit, (f.left() - 15) / len(kinds))
    if limit < 1:
        f.note(f"{', '.join(kinds)}: not measured, no time was left.")
        return {}
    programs = Programs(f)
    output, peak = with_peak(lambda: programs.output(
        peer("torch_peer.py", folder, ",".join(kinds), "--device", f.device, "--seconds", limit,
             "--names", "none")))
    runs = json.loads(output)
    for kind, run in runs.items():
        part = "" if run["measured"] == run["matrices"] else \
            f"reckoned from {run['measured']} of {run['matrices']} matrices"
        f.row(task=task, contender=f"torch.linalg loop, {kind}", gpu_mb=peak, remark=part,
              **timing([run["seconds"]]))
    return runs


def spectra_against_loops(f, folder, task):
    ours, values = our_spectra(f, Programs(f), folder, task)
    apart, count = spectra_apart(values["device"], values["cpu"])
    f.at_most(f"{task}: singular values of {count} matrices, of σ1", apart, 1e-7)
    for kind, run in loops(f, folder, ["svdvals", "svd"], task, 2 if f.small else 12).items():
        f.goal(f"{task}: ours over the loop of {kind}", run["seconds"] / ours, SPECTRA_GOAL)


def spectra(f):
    spectra_against_loops(f, f.state["base"], "spectra, base")


def large(f):
    shape = dataclasses.replace(SMALL, d_model=96, heads=6, d_ff=192) if f.small else \
        dataclasses.replace(checkpoints.LARGE, vocabulary=2048)  # the tables are not decomposed
    spectra_against_loops(f, make(f, "large", shape), "spectra, large")


def factors(f):
    programs, folder, best = Programs(f), f.state["base"], float("inf")
    for threads in thread_counts(f):
        run, peak = with_peak(lambda: programs.measure("rankscope-bench-methods", folder, threads,
                                                       f.device, "svd"))
        f.row(task="factors", contender=f"ours, {f.device}, {threads} threads", gpu_mb=peak,
              **timing([run["seconds"]]))
        best = min(best, run["seconds"])
    ours = run["errors"]
    cpu = programs.measure("rankscope-bench-methods", folder, programs.threads, "cpu", "svd")
    f.row(task="factors", contender="ours, cpu, all threads", **timing([cpu["seconds"]]))
    f.at_most(f"errors of {len(ours)} layers' factors at half rank against the CPU's, relative",
              largest_apart(ours, cpu["errors"]), 1e-6)
    for run in loops(f, folder, ["factors"], "factors", 2 if f.small else 12).values():
        f.goal("factors at half rank: ours over the loop", run["seconds"] / best, FACTORS_GOAL)
        f.at_most(f"errors of ours over the loop's, {len(run['errors'])} layers",
                  worst(ours[name] / error - 1 for name, error in run["errors"].items()), 1e-6)


# --- loss and generation ------------------------------------------------------------------------

def float32(f):
    generation_contest(f, "float32")


def bfloat16(f):
    generation_contest(f, "bfloat16")


def half_model(f, programs):
    folder = f.work / "half"
    if not folder.exists():
        start = time.monotonic()
        result = programs.run("compress", f.state["base"], "--targets", "attention,ffn", "--ratio",
                              "0.5", "--device", f.device, "--out", folder)
        f.row(task="compressing to half", contender=f"ours, {f.device}",
              seconds=time.monotonic() - start)
        f.check("the half-size model is verified", result["verified"], "true", result["verified"])
    return folder


def half(f):
    """Both models take turns, so that neither meets the machine at a better time."""
    programs = Programs(f)
    folders = {"dense": f.state["base"], "half": half_model(f, programs)}
    sources, targets, tokens = samsum(f, 24 if f.small else 819)
    few = 8
    tasks = {"loss": {"task": "loss", "sources": sources, "targets": targets,
                      "token_budget": f.state.get("token_budget", 8192)},
             f"greedy, batch {few}": {"task": "generate", "sources": sources[:few], "beams": 1,
                                      "new_tokens": tokens}}
    for name, beams in BEAMS.items():
        tasks[name] = {"task": "generate", "sources": sources, "beams": beams, "new_tokens": tokens,
                       "batch": f.state.get(f"batch {name}", 64)}
    for compute in ("float32", "bfloat16"):
        with programs.worker("rankscope-bench-evaluate", folders["dense"], programs.threads,
                             f.device, compute) as dense, \
             programs.worker("rankscope-bench-evaluate", folders["half"], programs.threads,
                             f.device, compute) as small:
            half_tasks(f, {"dense": dense, "half": small}, tasks, compute)


def half_tasks(f, workers, tasks, compute):
    for worker in workers.values():  # libraries and kernels load
        for name, request in tasks.items():
            few = {key: value[:8] if isinstance(value, list) else value
                   for key, value in request.items()}
            worker.ask(few)
    for name, request in tasks.items():
        times = {who: [] for who in workers}
        for _ in range(2):
            if f.left() < 6:
                break
            for who, worker in workers.items():
                answer = worker.ask(request)
                if "out_of_memory" in answer:
                    f.note(f"{name}, {compute}: {who} found too little memory.")
                    return
                times[who].append(answer["seconds"])
        if not times["half"]:
            f.note(f"{name}, {compute}: no time was left.")
            continue
        for who in workers:
            f.row(task=f"{name}, {compute}", contender=f"ours, {who}", batch=request.get("batch"),
                  **timing(times[who]))
        f.goal(f"{name}, {compute}: half over dense", statistics.median(times["dense"]) /
               statistics.median(times["half"]), 1)


# --- calibration --------------------------------------------------------------------------------

def calibration(f):
    programs = Programs(f)
    sources, targets, _ = samsum(f, 16 if f.small else 192)
    request = {"sources": sources, "targets": targets, "token_budget": 8192}
    speeds = {}
    peak = PeakMemory()
    with peak, programs.worker("rankscope-bench-calibrate", f.state["base"], programs.threads,
                               f.device) as worker:
        for task in ("loss", "float64"):
            worker.ask({**request, "task": task})  # warms up
            runs = [worker.ask({**request, "task": task}) for _ in range(3)]
            seconds = [run["seconds"] for run in runs]
            speeds[task] = runs[0]["tokens"] / statistics.median(seconds)
            f.row(task="calibration" if task == "float64" else "its loss alone", contender="ours",
                  rate=speeds[task], unit="tokens", gpu_mb=peak.megabytes, **timing(seconds))
    f.fact("calibration over its loss alone", speeds["float64"] / speeds["loss"])
    if not installed("transformers"):
        f.note("transformers is not installed, so its hooks were not measured.")
        return
    contest = Contest(f, "float32")
    with contest.peer() as worker:
        hooks = {**request, "task": "moments", "batch": 16}
        worker.ask(hooks)
        seconds = [worker.ask(hooks)["seconds"] for _ in range(2)]
    f.row(task="calibration", contender="transformers with hooks", batch=16, unit="tokens",
          rate=runs[0]["tokens"] / statistics.median(seconds), **timing(seconds))


STEPS = {"float32": float32, "bfloat16": bfloat16, "spectra": spectra, "factors": factors,
         "half": half, "calibration": calibration, "large": large}
