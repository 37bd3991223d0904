"""Request and response processing that is independent of the resources."""
