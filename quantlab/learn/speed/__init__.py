"""Measurements of lesson 2: one runtime, fixed threads, FP32 and INT8 interleaved."""
