"""The quick test: nine questions over the whole course."""
