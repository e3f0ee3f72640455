"""An ONNX file as data: loading, nodes and readers, layer names, work, what it is fed with."""
