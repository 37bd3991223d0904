"""What all resources share: declarations, pages, problems, answers."""
