"""The handle of a client of the C library: used by calls, and freed once, after the last of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ._library import library
from .errors import LibraryFault, NotOpen


class Handle:
    """Whoever closes it waits for nobody: the last call that still uses it frees it. So it can be closed by other threads, and by a signal
    handler in the middle of a call of its own thread.

    There is no lock here. A signal handler could find one taken by its own thread, and a child one taken by a thread that it does not
    have. Single operations on lists are whole in themselves; that calls are counted before they look at `_is_closed`, and that it
    is set before calls are counted, makes sure that nothing is freed too early.
    """

    def __init__(self) -> None:
        self._process = _process()
        self._is_closed = False
        #: One entry for each call that is under way.
        self._calls: list[None] = []
        #: What is still to be freed, for one taker.
        self._unfreed: list[int] = []
        pointer: int | None = library.csl_new()
        if pointer is None:
            raise LibraryFault("the library could not make a client")
        self._pointer = pointer
        self._unfreed.append(pointer)

    @property
    def is_of_this_process(self) -> bool:
        """Whether it was made here, and not by a process of which this one is a child."""
        return self._process == _process()

    @contextlib.contextmanager
    def used(self) -> Iterator[int]:
        """What the library calls take, which is not freed before the end."""
        if not self.is_of_this_process:
            # The threads and locks of the library are not in a child as they were.
            raise NotOpen("the client is of the process that this one was forked from; make another one here")
        self._calls.append(None)
        try:
            if self._is_closed:
                raise NotOpen("the client was closed")
            yield self._pointer
        finally:
            self._calls.pop()
            self._free_if_unused()

    def close(self) -> None:
        """Lets no further call use it."""
        self._is_closed = True
        self._free_if_unused()

    def _free_if_unused(self) -> None:
        if not self._is_closed or self._calls or not self.is_of_this_process:
            return
        # Several may come here at the same time; one of them gets it.
        with contextlib.suppress(IndexError):
            library.csl_free(self._unfreed.pop())


#: How many forks lie between the first process and this one. The number of a process alone may come again.
_forks = 0


def _process() -> tuple[int, int]:
    return os.getpid(), _forks


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
