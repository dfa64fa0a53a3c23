"""How many threads compute a training: decided here, from the work of one step.

One thread is the fastest for small networks: what it costs to wake a second one and to wait for it is more than it
saves. The program therefore begins with one (`__main__`), and large networks raise the number when they train.
"""

import os
import sys
from itertools import pairwise

from mlp_studio.core.config import Experiment
from mlp_studio.core.network import layer_sizes
from mlp_studio.core.prepare import Prepared

LARGE = 1e8  # multiply-adds in one step from which on all cores compute: some milliseconds on one
PASSES = 3  # products with each W in a step: forwards, for dW and for δ


def cores() -> int:
    """The processor cores that this program may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work_per_step(experiment: Experiment, prepared: Prepared) -> int:
    """Multiply-adds of one update."""
    rows, batch = len(prepared.train), experiment.train.batch_size
    sizes = layer_sizes(experiment.model, prepared.input_count, prepared.dataset.classes)
    samples = min(batch, rows) if batch else rows
    return PASSES * samples * sum(fan_in * fan_out for fan_in, fan_out in pairwise(sizes))


def threads_for(experiment: Experiment, prepared: Prepared) -> int:
    """How many threads train this: as many as were asked for and there are cores, else chosen from the work."""
    if experiment.train.threads:
        return min(experiment.train.threads, cores())
    return cores() if work_per_step(experiment, prepared) >= LARGE else 1


def limit_blas(threads: int) -> None:
    """Have NumPy's matrix products computed by so many threads; it holds for the whole program."""
    if "threadpoolctl" not in sys.modules and os.environ.get("OPENBLAS_NUM_THREADS") == str(threads):
        return  # as it was set at the start, and no one can have changed it since
    from threadpoolctl import ThreadpoolController

    blas = ThreadpoolController().select(user_api="blas")
    if any(pool["num_threads"] != threads for pool in blas.info()):
        blas.limit(limits=threads)
