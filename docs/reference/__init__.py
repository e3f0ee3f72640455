"""What Sphinx needs for the reference: configuration, pages, docstrings made ready."""
