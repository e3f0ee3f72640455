"""From a quantized model to a file that ONNX Runtime runs in integers, and what really ran."""

from quantlab.deploy.load import load_model
from quantlab.deploy.session import open_session

__all__ = ["load_model", "open_session"]
