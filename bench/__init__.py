"""Benchmarks of the service and of alternatives, against the same database server.

    python -m bench          strategies, operations, peers; writes docs/benchmarks.md   (make bench)
    python -m bench.scale    each read operation by number of students            (make bench-scale)
    python -m bench.checkout cost of a checkout, by strategy                   (make bench-checkout)

Results are compared within one run, as ratios of medians over interleaved rounds, because absolute
times vary on shared machines. Quantities that can be counted exactly are asserted in the tests.
"""
