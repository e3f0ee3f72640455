"""Small inline SVG drawings, one drawing a file. `quantlab.learn.picture` gathers the names."""
