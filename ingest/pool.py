"""Work spread over processes: results in order, few in flight, no orphans."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from warehouse.connection import WarehouseError

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    preload: Sequence[str] = (),
) -> Iterator[R]:
    """Apply a function to items in worker processes; yield results in the items' order.

    At most ``workers + 2`` items are in flight, so that memory stays bounded when the
    consumer is slower than the workers. Workers are started afresh, not forked: they share
    neither database handles nor locks with the caller. They end when the caller does,
    also by SIGKILL.

    Parameters
    ----------
    function, items
        Both must be importable and picklable for more than one worker.
    workers
        Processes; 1 does the work in this one.
    preload
        Modules that the worker server imports once for all workers.

    Raises
    ------
    WarehouseError
        When a worker process died.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(list(preload))
        _start_server()
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    window: deque[Future[R]] = deque()
    try:
        for item in items:
            window.append(executor.submit(function, item))
            if len(window) >= workers + 2:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    except BrokenProcessPool as error:
        raise WarehouseError(
            "a worker process died (out of memory, or killed); what was committed stays. Run the "
            "same command again, with fewer --workers if memory is short"
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start_server() -> None:
    """Start the server that forks workers, deaf to Ctrl-C from its first moment."""
    from multiprocessing.forkserver import ensure_running  # noqa: PLC0415

    if threading.current_thread() is not threading.main_thread():
        ensure_running()  # only the main thread may set how signals are handled
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_worker() -> None:
    # Ctrl-C reaches the whole process group: the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()


def _die_with(sentinel: int) -> None:
    wait([sentinel])  # a killed parent closes no queue: without this its workers wait for ever
    os._exit(1)
