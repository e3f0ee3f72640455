"""QuantLab: neural-network quantization, learned by building it.

Importing this package loads numpy and nothing heavier; torch is loaded by the rooms that need it.
"""

__version__ = "0.1.0"
