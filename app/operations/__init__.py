"""Operations: logs, metrics, tracing, health checks, startup checks, the doctor and purging."""
