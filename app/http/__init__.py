"""What all resources share: operations, paging, validation, problems, responses."""
