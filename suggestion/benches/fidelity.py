"""Epochs that a search needs: Qalam's searches at several fidelities beside Optuna's and Syne Tune's.

Simulated trainings with four workers, one epoch a tick, asynchronously. What a search spends is
epochs; a trial that goes on pays for its new epochs alone, with every search. The incumbent is the
configuration and epoch with the best value observed, judged by its true value.

    python3 -m venv v && v/bin/pip install numpy scikit-learn optuna syne-tune
    v/bin/python suggestion/benches/fidelity.py --qalam target/release/qalam --data DIR --seeds 5

Problems: curves of 504 small networks on scikit-learn's digits, clean and with a fifth of the labels
wrong (so that curves cross late), made on the first run and kept in DIR; and a continuous synthetic
one of six parameters with noise, whose large rates learn fast and end badly.
"""

import argparse
import heapq
import json
import logging
import math
import os
import subprocess
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
warnings.filterwarnings("ignore")

import numpy as np

WORKERS = 4
# Regret 1 is the median of random configurations after a whole training, 0 the best there is.
GOAL = 0.01


def train(wrong):
    """Losses of 504 networks after each of 27 epochs; a share of the training labels is wrong."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    pixels, labels = load_digits(return_X_y=True)
    pixels, labels = pixels[:1000] / 16.0, labels[:1000].copy()
    random = np.random.default_rng(5)
    flipped = random.random(500) < wrong
    labels[:500][flipped] = random.integers(0, 10, flipped.sum())
    space = {
        "lr": [float(it) for it in np.logspace(-4, -0.5, 7)],
        "batch": [16, 64, 256],
        "width": [8, 16, 48, 128],
        "alpha": [1e-6, 1e-2, 1.0],
        "act": ["relu", "tanh"],
    }
    curves = np.full([len(it) for it in space.values()] + [27], 5.0, np.float32)
    for place in np.ndindex(*curves.shape[:-1]):
        lr, batch, width, alpha, act = (values[i] for values, i in zip(space.values(), place))
        network = MLPClassifier(
            (width,), activation=act, solver="sgd", alpha=alpha, batch_size=batch,
            learning_rate_init=lr, momentum=0.9, random_state=0,
        )
        for epoch in range(27):
            try:
                network.partial_fit(pixels[:500], labels[:500], classes=np.arange(10))
                guessed = network.predict_proba(pixels[500:])
                loss = log_loss(labels[500:], guessed, labels=np.arange(10))
                curves[place][epoch] = min(loss, 5.0)
            except ValueError:
                break
    return space, curves


class Table:
    """Curves of real trainings."""

    def __init__(self, name, folder, wrong):
        path = os.path.join(folder, f"{name}.npz")
        if not os.path.exists(path):
            space, curves = train(wrong)
            np.savez_compressed(path, curves=curves, space=json.dumps(space))
        there = np.load(path)
        self.name, self.curves = name, there["curves"].astype(float)
        self.values = json.loads(str(there["space"]))
        self.epochs = self.curves.shape[-1]
        self.best = self.curves.min()
        self.median = float(np.median(self.curves.min(-1)))
        kind = lambda it: "categorical" if isinstance(it[0], str) else "discrete"
        self.space = [{"name": n, "type": kind(it), "values": it} for n, it in self.values.items()]

    def curve(self, params, _):
        place = tuple(it.index(params[name]) for name, it in self.values.items())
        return self.curves[place], self.curves[place]


class Synthetic:
    """Asymptote, speed and divergence stand on different parameters, so that curves cross."""

    name, epochs, best = "synthetic", 81, 0.10

    def __init__(self):
        real = lambda name, lo, hi, log=False: {
            "name": name, "type": "double", "lo": lo, "hi": hi, "log": log}
        self.space = [
            real("lr", 1e-5, 1.0, True), real("wd", 1e-6, 1e-1, True),
            {"name": "width", "type": "int", "lo": 8, "hi": 512, "log": True},
            real("drop", 0.0, 0.8), real("mom", 0.0, 0.99), real("warm", 0.0, 1.0),
        ]
        self.optimum = np.random.default_rng(11).uniform(0.2, 0.8, 6)
        random = np.random.default_rng(1)
        ends = [self.truth(random.random(6)).min() for _ in range(2001)]
        self.median = float(np.median(ends))

    def unit(self, it, value):
        lo, hi = it["lo"], it["hi"]
        if it.get("log"):
            return math.log(value / lo) / math.log(hi / lo)
        return (value - lo) / (hi - lo)

    def truth(self, u):
        z = u - self.optimum
        end = 0.10 + 0.9 * z[0] ** 2 + 0.5 * z[1] ** 2 + 0.4 * (z[2] - 0.5 * z[3]) ** 2
        end += 0.1 * z[4] ** 2
        speed = 0.12 * math.exp((u[0] - 0.5) - 0.35 * (u[2] - 0.5))
        epoch = np.arange(1, self.epochs + 1)
        diverges = max(0.0, z[0] - 0.25) * 3 * np.minimum(1, epoch / 40)
        return end + (1.0 - end) * np.exp(-speed * epoch) + diverges

    def curve(self, params, random):
        u = np.array([self.unit(it, params[it["name"]]) for it in self.space])
        truth = self.truth(u)
        return truth + 0.004 * random.standard_normal(self.epochs), truth


class Qalam:
    """Any of Qalam's algorithms, by `qalam ask-tell`."""

    def __init__(self, binary, algorithm, problem, seed, resource=True, **settings):
        self.binary = subprocess.Popen([binary, "ask-tell"], stdin=-1, stdout=-1, text=True)
        self.whole = problem.epochs
        space = list(problem.space)
        if resource:
            space.append({"name": "epochs", "type": "int", "lo": 1, "hi": problem.epochs})
            settings["resource_name"] = "epochs"
        self.say("init", space=space, seed=seed, algorithm=algorithm, settings=settings,
                 budget=1_000_000)

    def say(self, op, **fields):
        print(json.dumps({"op": op, **fields}), file=self.binary.stdin, flush=True)
        answer = json.loads(self.binary.stdout.readline())
        # What is to be waited for, or that every point was tried.
        ended = ("wait", "the space is exhausted")
        if "error" in answer and not answer["error"].startswith(ended):
            raise RuntimeError(answer["error"])
        return answer

    def start(self):
        answer = self.say("ask", n=1)
        if "error" in answer:
            return None
        trial = answer["trials"][0]
        params = {k: v for k, v in trial["params"].items() if k != "epochs"}
        resource = trial.get("resource") or self.whole
        return trial["id"], params, int(resource), trial.get("continues")

    def report(self, trial, epoch, value):
        return True

    def end(self, trial, epoch, value, pruned):
        self.say("tell", id=trial, values=[float(value)])

    def close(self):
        self.say("close")
        self.binary.wait()


class Optuna:
    """Optuna's pruner over its sampler."""

    def __init__(self, problem, seed, sampler, pruner):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna, self.problem = optuna, problem
        make = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
        prune = {
            "hyperband": lambda: optuna.pruners.HyperbandPruner(1, problem.epochs, 3),
            "none": optuna.pruners.NopPruner,
        }
        self.study = optuna.create_study(sampler=make[sampler](seed=seed), pruner=prune[pruner]())
        self.trials = {}

    def start(self):
        trial = self.study.ask()
        params = {}
        for it in self.problem.space:
            name = it["name"]
            if it["type"] == "double":
                params[name] = trial.suggest_float(name, it["lo"], it["hi"], log=it["log"])
            elif it["type"] == "int":
                params[name] = trial.suggest_int(name, it["lo"], it["hi"], log=it["log"])
            elif it["type"] == "discrete":
                # The order counts: a position in the list.
                place = trial.suggest_int(name, 0, len(it["values"]) - 1)
                params[name] = it["values"][place]
            else:
                params[name] = trial.suggest_categorical(name, it["values"])
        self.trials[trial.number] = trial
        return trial.number, params, self.problem.epochs, None

    def report(self, trial, epoch, value):
        self.trials[trial].report(float(value), epoch)
        return not self.trials[trial].should_prune()

    def end(self, trial, epoch, value, pruned):
        state = self.optuna.trial.TrialState
        trial = self.trials.pop(trial)
        if pruned:
            self.study.tell(trial, state=state.PRUNED)
        else:
            self.study.tell(trial, float(value))

    def close(self):
        pass


class SyneTune:
    """Syne Tune's ASHA."""

    def __init__(self, problem, seed):
        logging.disable(logging.CRITICAL)
        from syne_tune.backend.trial_status import Trial
        from syne_tune.config_space import choice, loguniform, lograndint, ordinal, uniform
        from syne_tune.optimizer.baselines import ASHA
        space = {}
        for it in problem.space:
            if it["type"] == "double":
                space[it["name"]] = (loguniform if it["log"] else uniform)(it["lo"], it["hi"])
            elif it["type"] == "int":
                space[it["name"]] = lograndint(it["lo"], it["hi"])
            else:
                make = ordinal if it["type"] == "discrete" else choice
                space[it["name"]] = make(it["values"])
        self.search = ASHA(
            space, metric="loss", time_attr="epoch", max_t=problem.epochs, grace_period=1,
            reduction_factor=3, random_seed=seed, do_minimize=True,
        )
        np.random.seed(seed)
        self.make, self.trials, self.epochs = Trial, {}, problem.epochs

    def start(self):
        number = len(self.trials)
        trial = self.make(number, self.search.suggest().config, None)
        self.search.on_trial_add(trial)
        self.trials[number] = trial
        return number, dict(trial.config), self.epochs, None

    def report(self, trial, epoch, value):
        if epoch == self.epochs:
            return True
        result = {"loss": float(value), "epoch": epoch}
        return self.search.on_trial_result(self.trials[trial], result) == "CONTINUE"

    def end(self, trial, epoch, value, pruned):
        trial = self.trials[trial]
        if pruned:
            self.search.on_trial_remove(trial)
        else:
            self.search.on_trial_complete(trial, {"loss": float(value), "epoch": epoch})

    def close(self):
        pass


def simulate(search, problem, seed, most):
    """Regret after each epoch that was spent."""
    random = np.random.default_rng(seed * 7919 + 13)
    curves, queue, tick, idle = {}, [], 0, WORKERS
    regrets, seen, regret = [], math.inf, math.inf
    scale = problem.median - problem.best

    def fill(now):
        nonlocal tick, idle
        while 0 < idle:
            began = search.start()
            if began is None:
                return
            trial, params, last, continues = began
            curves[trial] = curves.pop(continues) if continues is not None else \
                [problem.curve(params, random), 0]
            tick, idle = tick + 1, idle - 1
            heapq.heappush(queue, (now + 1, tick, trial, last))

    fill(0)
    while queue and len(regrets) < most:
        now, _, trial, last = heapq.heappop(queue)
        (observed, truth), done = curves[trial]
        value = observed[done]
        curves[trial][1] = done = done + 1
        if value < seen:
            seen, regret = value, (truth[done - 1] - problem.best) / scale
        regrets.append(regret)
        goes_on = search.report(trial, done, value)
        if goes_on and done < last:
            tick += 1
            heapq.heappush(queue, (now + 1, tick, trial, last))
            continue
        search.end(trial, done, value, pruned=done < last)
        idle += 1
        fill(now)
    search.close()
    return np.array(regrets)


def searches(binary):
    qalam = lambda *names, **set: lambda p, s: Qalam(binary, *names, p, s, **set)
    return {
        "random search": qalam("random", resource=False),
        "qalam hyperband": lambda p, s: Qalam(binary, "hyperband", p, s, r_l=p.epochs),
        "qalam asha": qalam("asha"),
        "qalam asha, sampler tpe": qalam("asha", sampler="tpe"),
        "qalam bohb": qalam("bohb"),
        "qalam dehb": qalam("dehb"),
        "optuna random, hyperband": lambda p, s: Optuna(p, s, "random", "hyperband"),
        "optuna tpe, hyperband": lambda p, s: Optuna(p, s, "tpe", "hyperband"),
        "syne tune asha": lambda p, s: SyneTune(p, s),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qalam", default="target/release/qalam")
    parser.add_argument("--data", default=".")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trainings", type=int, default=400, help="budget, in whole trainings")
    parser.add_argument("--only", default="", help="searches whose names contain this")
    parser.add_argument("--problem", default="", help="problems whose names contain this")
    parser.add_argument("--out", help="a file for the figures of each run, one JSON a line")
    args = parser.parse_args()
    problems = [Table("digits", args.data, 0.0), Table("noisy-digits", args.data, 0.2), Synthetic()]
    marks = (4, 8, 16, 32, 64)
    for problem in (it for it in problems if args.problem in it.name):
        budgets = [mark * problem.epochs for mark in marks]
        print(f"\n{problem.name}: {problem.epochs} epochs a training\n", flush=True)
        print("| search | " + " | ".join(f"regret at {b}" for b in budgets) + " | epochs to 1 % |")
        print("|---" * (len(budgets) + 2) + "|", flush=True)
        for name, make in searches(args.qalam).items():
            if args.only not in name:
                continue
            runs = []
            for seed in range(args.seeds):
                most = args.trainings * problem.epochs
                run = simulate(make(problem, seed), problem, seed, most)
                reached = np.flatnonzero(run <= GOAL)
                runs.append(([float(run[min(b, len(run)) - 1]) for b in budgets],
                             int(reached[0]) + 1 if len(reached) else None))
                if args.out:
                    line = {"problem": problem.name, "search": name, "seed": seed,
                            "regrets": runs[-1][0], "epochs": runs[-1][1]}
                    with open(args.out, "a") as out:
                        out.write(json.dumps(line) + "\n")
            means = [float(np.mean(it)) for it in zip(*(marks for marks, _ in runs))]
            ends = sorted(it if it is not None else math.inf for _, it in runs)
            median = ends[len(ends) // 2]
            to = f"{int(median)}" if median < math.inf else f"> {args.trainings * problem.epochs}"
            print(f"| {name} | " + " | ".join(f"{it:.3f}" for it in means) + f" | {to} |", flush=True)


if __name__ == "__main__":
    main()
