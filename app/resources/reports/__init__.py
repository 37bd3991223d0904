"""Reports, computed on request. The number of rows that each one reads is bounded."""
