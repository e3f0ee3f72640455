"""One thread within, as many as before afterwards, also after an error."""

import pytest
import torch

from quantlab.base.one_thread import one_thread


@one_thread()
def interrupted():
    assert torch.get_num_threads() == 1
    raise KeyboardInterrupt


def test_the_threads_come_back_also_after_an_error():
    outside = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(outside)
