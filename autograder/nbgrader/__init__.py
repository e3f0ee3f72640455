"""nbgrader's own steps, configured and made sound."""
