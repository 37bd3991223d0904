"""Measures the service beside what people would pick instead, on the same server and the same work.

    python -m bench          strategies, operations, peers; writes docs/benchmarks.md   (make bench)
    python -m bench.scale    each read operation against the number of students   (make bench-scale)
    python -m bench.checkout the cost of a checkout, by strategy               (make bench-checkout)

Times are compared within one run, as ratios of medians over interleaved rounds: machines are
shared and noisy. What can be counted exactly is asserted in the tests instead.
"""
