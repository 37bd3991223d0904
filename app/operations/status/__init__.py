"""The state of all workers, and the page `/status` that shows it to administrators."""
