"""A submission is read as a stranger's files, and its answers move into the trusted notebook."""
