"""Lesson 1, scale and zero_point: one exercise a file, numpy alone."""

from quantlab.learn.exercises.lesson_01.activations import SmallActivationSet
from quantlab.learn.exercises.lesson_01.bits import AnyNumberOfTicks
from quantlab.learn.exercises.lesson_01.by_hand import RulerByHand
from quantlab.learn.exercises.lesson_01.dequantizing import BackToRealNumbers
from quantlab.learn.exercises.lesson_01.explaining import ExplainTheRuler
from quantlab.learn.exercises.lesson_01.largest_error import HalfAStep
from quantlab.learn.exercises.lesson_01.quantizing import NearestTick
from quantlab.learn.exercises.lesson_01.ruler import RulerOfARange
from quantlab.learn.exercises.lesson_01.symmetric import SymmetricScale
from quantlab.learn.exercises.lesson_01.which_scheme import WhichScheme

__all__ = [
    "AnyNumberOfTicks",
    "BackToRealNumbers",
    "ExplainTheRuler",
    "HalfAStep",
    "NearestTick",
    "RulerByHand",
    "RulerOfARange",
    "SmallActivationSet",
    "SymmetricScale",
    "WhichScheme",
]
