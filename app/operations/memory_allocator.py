"""Makes glibc return the memory of a finished request to the operating system.

By default, each thread gets an arena of its own, memory in an arena is reused by its threads only,
and after a large block was freed, blocks of up to 32 MiB come from arenas too, where a small block
behind them keeps all of them. A worker then grows to the sum of what its threads needed at
different times. The parameters are those of mallopt(3).
"""

import ctypes

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
PARAMETERS = {
    M_ARENA_MAX: 1,  # Python threads allocate one at a time
    # Bytes from which a block has its own mapping, which is unmapped when the block is freed. Once
    # set, glibc does not raise it.
    M_MMAP_THRESHOLD: 128 * 1024,
    # Unused bytes at the end of the arena, from which they are returned.
    M_TRIM_THRESHOLD: 128 * 1024,
}


def configure() -> bool:
    """Set the parameters for this process and its children; return whether libc has them."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl and macOS have none
    return mallopt is not None and all(mallopt(*it) == 1 for it in PARAMETERS.items())
