# SPDX-License-Identifier: Apache-2.0
"""Loss and generation of ours beside transformers: the same dialogues, the same device."""
import random
import statistics

from dialogues import samsum_like
from gpu_memory import PeakMemory
from programs import Programs, installed, peer
from worker import Worker

GOALS = {"loss": 1.5, "greedy": 3, "beam 4": 8}
BEAMS = {"greedy": 1, "beam 4": 4}
BATCHES = [16, 32, 64, 128, 256]
BUDGETS = [8192, 32768, 131072]  # padded source tokens at once, of ours


def samsum(f, count):
    """Sources and targets as long as those of SAMSum's test set, longest first, and how many tokens
    are generated for each: as many in both contenders."""
    sources, targets = samsum_like(random.Random(11), count, f.state["vocabulary"])
    order = sorted(range(count), key=lambda i: -len(sources[i]))
    return ([sources[i] for i in order], [targets[i] for i in order], 6 if f.small else 32)


class Contest:
    def __init__(self, f, compute):
        self.f, self.compute = f, compute
        self.programs = Programs(f)
        self.sources, self.targets, self.tokens = samsum(f, 24 if f.small else 819)
        self.seconds = {}  # (task, contender) -> median seconds a dialogue
        self.ids = {}  # (task, contender) -> {number of the dialogue: ids}
        self.losses = {}  # contender -> mean loss of a token

    def ours(self):
        return self.programs.worker("rankscope-bench-evaluate", self.f.state["base"],
                                    self.programs.threads, self.f.device, self.compute)

    def peer(self):
        return Worker(peer("transformers_peer.py", self.f.state["base"], "--device", self.f.device,
                           "--dtype", self.compute), self.programs.threads,
                      self.programs.environment)

    def request(self, task, batch, step=1, order=None):
        """Every step-th dialogue. `batch`: dialogues at once, of our loss padded source tokens."""
        order = range(0, len(self.sources), step) if order is None else order
        sources = [self.sources[i] for i in order]
        if task in BEAMS:
            return {"task": "generate", "sources": sources, "beams": BEAMS[task],
                    "new_tokens": self.tokens, "batch": batch}
        return {"task": "loss", "sources": sources, "targets": [self.targets[i] for i in order],
                "batch": batch, "token_budget": batch}

    def evenly(self, task, batch, count):
        """A request for `count` dialogues of all lengths."""
        return self.request(task, batch, max(1, len(self.sources) // count))

    def best(self, worker, task, batches, whole=False):
        """The batch that gives the most dialogues a second, and how many. The search ends where more
        does not help or memory is lacking. One batch each, or `whole`: all dialogues."""
        best, most = None, 0.0
        worker.ask(self.evenly(task, batches[0], 8))  # libraries and kernels load
        for batch in batches:
            request = self.request(task, batch) if whole else self.evenly(task, batch, batch)
            answer = worker.ask(request)
            if "out_of_memory" in answer:
                self.f.note(f"{task}: {batch} at once need more memory than there is.")
                break
            rate = len(request["sources"]) / answer["seconds"]
            if rate > most:
                best, most = batch, rate
            if rate < 0.9 * most or self.f.left() < 20:
                break
        return best, most

    def fitting(self, rate):
        """Takes every how many-th dialogue so that a round fits into a quarter of the time left."""
        return max(1, round(len(self.sources) / max(1.0, rate * self.f.left() / 4)))

    def timed(self, worker, task, contender, batch, memory, rate, rounds=2, order=None):
        """A row of medians; ids and loss of the first round are kept."""
        f, seconds, step = self.f, [], self.fitting(rate)
        request = self.request(task, batch, step, order)
        with memory:
            for _ in range(rounds):
                answer = worker.ask(request)
                if "out_of_memory" in answer:
                    f.note(f"{task}: {contender} found too little memory.")
                    return
                seconds.append(answer["seconds"])
                if f.left() < 20 + 2 * max(seconds):
                    break
        count = len(request["sources"])
        median = statistics.median(seconds)
        self.seconds[task, contender] = median / count
        if task == "loss":
            self.losses.setdefault(contender, (step, answer["sum"] / answer["tokens"]))
        else:
            self.ids[task, contender] = dict(zip(range(0, len(self.sources), step), answer["ids"]))
        held = f"PyTorch held {answer['peak_gpu_bytes'] / 1e6:.0f} MB" \
            if "peak_gpu_bytes" in answer else ""
        part = f"{count} of the dialogues, evenly chosen" if count < len(self.sources) else ""
        f.row(task=task, contender=contender, seconds=median, rounds=len(seconds),
              range=f"{min(seconds):.3g} - {max(seconds):.3g}", gpu_mb=memory.megabytes,
              batch=batch, rate=count / median, unit="dialogues",
              remark=", ".join(filter(None, (part, held))))


def our_turn(contest):
    """All tasks of ours; gives the batch that suits each search best."""
    f, memory, batches = contest.f, PeakMemory(), {}
    with contest.ours() as worker:
        budgets = [4096, 8192] if f.small else BUDGETS
        budget, rate = contest.best(worker, "loss", budgets, whole=True)
        if budget:
            contest.timed(worker, "loss", "ours", budget, memory, rate)
            f.keep(token_budget=budget)
        for task in BEAMS:
            batch, rate = contest.best(worker, task, batches_of(f))
            batches[task] = batch
            if batch:
                contest.timed(worker, task, "ours", batch, memory, rate)
                f.keep(**{f"batch {task}": batch})
    return batches


def batches_of(f):
    return [4, 8] if f.small else BATCHES


def their_turn(contest, order):
    """The same of transformers; its loss in the order of a file, as its Trainer evaluates, and by
    length as ours. The loss is first: what comes late has too little time for its best batch."""
    f, memory, batches = contest.f, PeakMemory(), {}
    with contest.peer() as worker:
        batch, rate = contest.best(worker, "loss", batches_of(f)[:-1])
        if batch:
            contest.timed(worker, "loss", "transformers", batch, memory, rate, order=order)
            contest.timed(worker, "loss", "transformers, by length", batch, memory, rate)
        for task in BEAMS:
            batch, rate = contest.best(worker, task, batches_of(f))
            batches[task] = batch
            if batch:
                contest.timed(worker, task, "transformers", batch, memory, rate)
        explain_differences(contest, worker)
    return batches


def in_no_order(count):
    """As dialogues stand in a file."""
    order = list(range(count))
    random.Random(5).shuffle(order)
    return order


def at_their_batch(contest, ours, theirs):
    """Goals of generation are those at equal batch, the one that suits transformers best."""
    f, memory = contest.f, PeakMemory()
    other = {task: batch for task, batch in theirs.items() if batch and batch != ours[task]}
    if other:
        with contest.ours() as worker:
            for task, batch in other.items():
                _, rate = contest.best(worker, task, [batch])
                contest.timed(worker, task, "ours, their batch", batch, memory, rate)
    for task in theirs:
        goal(contest, task, "ours, their batch" if task in other else "ours")


def goal(contest, task, contender="ours"):
    ours = contest.seconds.get((task, contender))
    theirs = contest.seconds.get((task, "transformers"))
    if ours and theirs:
        contest.f.goal(f"{task}, {contest.compute}: {contender} over transformers", theirs / ours,
                       GOALS[task])


def explain_differences(contest, worker):
    """How many ids are those of transformers, and how near its two best logits stand where the
    first other token comes: next to nothing is a tie that rounding decides."""
    f = contest.f
    for task in BEAMS:
        ours, theirs = (contest.ids.get((task, who), {}) for who in ("ours", "transformers"))
        both = ours.keys() & theirs.keys()
        differing = sorted(i for i in both if ours[i] != theirs[i])
        if not both:
            continue
        what = f"ids equal to transformers', {task}, {contest.compute}, of {len(both)}"
        if task == "greedy" and contest.compute == "float32":
            f.goal(what, len(both) - len(differing), len(both))
        else:
            f.fact(what, len(both) - len(differing))
        if task == "greedy" and differing and f.left() > 20:
            some = differing[:16]
            gaps = worker.ask({"task": "gaps", "sources": [contest.sources[i] for i in some],
                               "prefixes": [common(ours[i], theirs[i]) for i in some]})["gaps"]
            f.fact("gap of the two best logits at the first other token", gaps)


def common(a, b):
    """The longest common beginning."""
    length = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return a[:length]


def generation_contest(f, compute):
    contest = Contest(f, compute)
    f.fact("dialogues", len(contest.sources))
    f.fact("new tokens of each", contest.tokens)
    ours = our_turn(contest)
    if not installed("transformers") or not installed("torch"):
        f.note("transformers is not installed, so ours stands alone.")
        return
    if f.left() < 20:
        f.note("No time was left for transformers.")
        return
    theirs = their_turn(contest, in_no_order(len(contest.sources)))
    (step, mine), (other, their) = (contest.losses.get(who, (0, 0))
                                    for who in ("ours", "transformers, by length"))
    if step and step == other:
        f.at_most("loss against transformers', relative", abs(mine / their - 1),
                  1e-5 if compute == "float32" else 1e-2)
    goal(contest, "loss")
    if f.left() > 10:
        at_their_batch(contest, ours, theirs)
