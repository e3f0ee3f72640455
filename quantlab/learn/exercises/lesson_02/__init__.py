"""Lesson 02, size and latency: what the exercises ask. Bytes first, then work and time."""

from quantlab.learn.exercises.lesson_02.bytes_of_a_model import (
    BytesOfALayer,
    BytesOfATensor,
    FortyFiveMillion,
    SeventyFiveMillion,
)
from quantlab.learn.exercises.lesson_02.memory_of_a_model import PeakOfAChain
from quantlab.learn.exercises.lesson_02.time_of_a_layer import (
    GainsLeast,
    PartOfTheModel,
    SlowerOfTheTwo,
)
from quantlab.learn.exercises.lesson_02.work_of_a_layer import WorkOfAConvolution

__all__ = [
    "BytesOfALayer",
    "BytesOfATensor",
    "FortyFiveMillion",
    "GainsLeast",
    "PartOfTheModel",
    "PeakOfAChain",
    "SeventyFiveMillion",
    "SlowerOfTheTwo",
    "WorkOfAConvolution",
]
