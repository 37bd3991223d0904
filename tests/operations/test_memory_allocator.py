"""Freed memory returns to the operating system, although small blocks behind it are still used."""

import subprocess
import sys

from tests.support.service import PROJECT

MODULE = PROJECT / "app/operations/memory_allocator.py"
# In a process of its own, without the application: the parameters cannot be undone.
# Frees a block of 30 MiB, as after a large response; glibc then takes smaller ones from an arena.
PROGRAM = """
import ctypes, re, runpy, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

THREADS, BLOCKS, BYTES = 8, 4, 1024 * 1024
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def kilobytes():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])

def filled(size):
    block = ctypes.c_void_p(libc.malloc(size))
    libc.memset(block, 1, ctypes.c_size_t(size))
    return block

def work(_):
    large = []
    for _ in range(BLOCKS):
        large.append(filled(BYTES))
        filled(100)
    together.wait()
    for block in large:
        libc.free(block)

if sys.argv[1] == "configured":
    assert runpy.run_path(sys.argv[2])["configure"]()
libc.free(filled(30 * BYTES))
together = Barrier(THREADS)
before = kilobytes()
with ThreadPoolExecutor(THREADS) as pool:
    list(pool.map(work, range(THREADS)))
    print(kilobytes() - before)
"""


def kilobytes_kept(mode):
    """Return by how much the process has grown after it has freed 32 MiB."""
    command = [sys.executable, "-c", PROGRAM, mode, str(MODULE)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_freed_memory_is_returned():
    assert kilobytes_kept("configured") < 2_000


def test_the_default_would_keep_it():
    """Otherwise the test above would prove nothing."""
    assert kilobytes_kept("default") > 20_000
