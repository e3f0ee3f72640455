"""The exercises, one module a lesson: what is asked, how it is judged, which mistakes are named."""
