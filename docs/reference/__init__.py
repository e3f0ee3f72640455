"""The reference among the site's pages: one page a room, and docstrings made ready for Sphinx."""
