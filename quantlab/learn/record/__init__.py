"""`quantlab record`: a model of your own, FP32 beside INT8, and a file that says what came out."""
