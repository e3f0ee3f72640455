"""The subcommands of `autograder`, one a file."""
