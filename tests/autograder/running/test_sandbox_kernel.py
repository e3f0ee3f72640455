"""The sandbox as a Jupyter kernel: a cell runs in it, and what is outside is not there."""

import json
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from autograder.cli import main
from autograder.commands import kernel
from autograder.running.sandbox import NoSandbox
from autograder.running.sandbox_kernel import kernel_argv

CODE = """
import os, socket
from quantlab.learn import check
print(os.path.exists({outside!r}), os.environ.get("MY_TOKEN"), len(socket.if_nameindex()))
"""


@pytest.fixture
def specs(tmp_path):
    kernel.install(str(tmp_path))
    return KernelSpecManager(kernel_dirs=[str(tmp_path / "share" / "jupyter" / "kernels")])


def test_a_cell_runs_without_network_files_and_environment(specs, tmp_path_factory, monkeypatch):
    short = tmp_path_factory.mktemp("k")
    (short / "secret").write_text("x")
    runtime = short / "run"
    runtime.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    manager = KernelManager(
        kernel_name=kernel.NAME,
        kernel_spec_manager=specs,
        transport="ipc",
        ip=str(runtime / "s"),
        connection_file=str(runtime / "c.json"),
    )
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    printed = []
    try:
        client.wait_for_ready(timeout=300)
        client.execute_interactive(
            CODE.format(outside=str(short / "secret")),
            timeout=300,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "".join(printed).split() == ["False", "None", "1"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"transport": "tcp", "ip": "127.0.0.1"}, "no network"),
        ({"transport": "ipc", "ip": "kernel-ipc"}, "absolute path"),
        ({"transport": "ipc", "ip": "/" + "x" * 120}, "absolute path"),
    ],
)
def test_what_cannot_work_is_said(tmp_path, told, said):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(told))
    with pytest.raises(NoSandbox, match=said):
        list(kernel_argv(path))


def test_the_command_says_where_it_put_the_kernel_as_json(tmp_path, capsys, bubblewrap):
    assert main(["kernel", "install", "--prefix", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kernel"] == kernel.NAME
    assert json.loads((Path(told["folder"]) / "kernel.json").read_text()) == kernel.SPEC


def test_the_command_says_why_not_as_json(tmp_path, capsys, monkeypatch):
    def no_sandbox(isolation):
        raise NoSandbox("None here.")

    monkeypatch.setattr(kernel, "require", no_sandbox)
    assert main(["kernel", "install", "--prefix", str(tmp_path), "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out) == {"kernel": kernel.NAME, "reason": "None here."}
    assert said.err == "autograder kernel: None here.\n"
    assert not list(tmp_path.iterdir())
