"""The exercises, one module a lesson: what is asked, how it is judged, which mistakes have a name."""
