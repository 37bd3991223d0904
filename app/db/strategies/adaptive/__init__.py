"""`adaptive`: the pool, its entries and slots, its circuit breaker, and its metrics."""
