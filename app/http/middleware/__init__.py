"""Request and response processing that does not depend on the resources."""
