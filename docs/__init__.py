"""Pages for whoever carries on, and the scripts that draw and build them."""
