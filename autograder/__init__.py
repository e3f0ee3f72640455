"""What an instructor runs: build, lint, release, grade, feedback, report. `cli` is the command."""
