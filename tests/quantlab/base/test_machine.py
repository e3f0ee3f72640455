"""Facts about the machine come from files and packages that may or may not be there."""

import json
import platform

import pytest

from quantlab.base.machine import (
    cpu_name,
    installed_version,
    is_x86,
    last_level_cache,
    machine,
    machine_line,
)


def test_the_cpu_is_named_by_cpuinfo(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("vendor_id\t: x\nmodel name\t: Some CPU @ 3 GHz\n")
    assert cpu_name(cpuinfo) == "Some CPU @ 3 GHz"


@pytest.mark.parametrize(
    ("flags", "said"),
    [("fpu avx512_vnni", "VNNI"), ("fpu avx_vnni", "VNNI"), ("fpu avx512f", "no VNNI")],
)
def test_on_x86_the_name_says_whether_products_are_summed_by_vnni(tmp_path, flags, said):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n")
    assert cpu_name(cpuinfo) == f"Some CPU, {said}"


def test_without_cpuinfo_or_without_a_name_in_it_the_platform_is_asked(tmp_path):
    arm = tmp_path / "cpuinfo"
    arm.write_text("CPU implementer\t: 0x41\n")
    known = platform.processor() or platform.machine()
    assert cpu_name(tmp_path / "none") == cpu_name(arm) == known


def test_the_facts_are_plain_data_and_one_line():
    facts = machine()
    assert json.loads(json.dumps(facts)) == facts
    line = machine_line(facts)
    assert facts["machine"]["cpu"] in line
    assert f"onnxruntime {facts['versions']['onnxruntime']}" in line
    assert "\n" not in line


def test_an_absent_package_has_no_version():
    assert installed_version("no-such-package-anywhere") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x86_64", True), ("AMD64", True), ("aarch64", False), ("arm64", False), ("ARM64", False)],
)
def test_x86_is_read_from_the_machines_name(name, expected):
    assert is_x86(name) is expected
    assert is_x86() is is_x86(platform.machine())


def test_the_largest_cache_counts(tmp_path):
    for index, size in enumerate(("64K", "512K", "32M")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(size + "\n")
    assert last_level_cache(tmp_path) == 32 * 2**20


def test_an_unknown_cache_is_none(tmp_path):
    assert last_level_cache(tmp_path / "none") is None
