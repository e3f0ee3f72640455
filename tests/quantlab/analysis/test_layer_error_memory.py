"""Layer errors in constant memory: seen from outside, in a process that does nothing else."""

import json
import subprocess
import sys
from pathlib import Path

#: Peak memory of a process only rises, so what the second call needs more is what it adds.
SCRIPT = """
import json, sys
import psutil
from tests.support.networks import SmallUNet, images, seeded
from quantlab.analysis import layer_errors
from quantlab.methods import quantize_model

def peak():
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most

x = images(4, 128)
model = quantize_model(seeded(SmallUNet(width=16), 0).eval(), [x[:1]])
peaks = []
for count in (1, len(x)):
    errors = layer_errors(model, x[:count])
    peaks.append(peak())
values = sum(layer.isolated.values for layer in errors.layers)
print(json.dumps({"peaks": peaks, "values": values // len(x)}))
"""


def test_more_images_take_no_more_memory():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    seen = json.loads(done.stdout)
    # To hold one image more would cost at least its tensors in the float model, 4 bytes a value;
    # four images held together would cost three times that and more.
    one_image = 4 * seen["values"]
    assert one_image > 10e6
    assert seen["peaks"][1] - seen["peaks"][0] < one_image
