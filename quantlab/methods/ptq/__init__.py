"""Post-training quantization: fold, place rulers, calibrate, quantize weights."""
