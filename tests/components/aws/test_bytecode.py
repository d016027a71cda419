"""Bytecode of packages: which interpreter makes it, and that it is the same wherever it is made."""

import sys
from pathlib import Path

import pytest

from components.aws.bytecode import bytecode_of, compile_modules, find_interpreter

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
UNCHECKED_HASH = 0b01
"""The flags of bytecode that holds its source's hash, and is not compared with it (PEP 552)."""


def package_in(directory: Path) -> Path:
    module = directory / "probe/__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("import sys\n\n\ndef where():\n    return sys._getframe().f_code.co_filename\n")
    return module


def test_bytecode_is_unchecked_and_holds_no_path_of_this_machine(tmp_path: Path) -> None:
    made = []
    for place in ("here", "in/another/place"):
        module = package_in(tmp_path / place)
        compile_modules(Path(sys.executable), tmp_path / place, "/opt/python", "unchecked-hash")
        made.append(bytecode_of(module, THIS).read_bytes())
    assert made[0] == made[1]
    assert int.from_bytes(made[0][4:8], "little") == UNCHECKED_HASH
    assert b"/opt/python/probe/__init__.py" in made[0]
    assert str(tmp_path).encode() not in made[0]


def test_module_that_does_not_compile_is_left_as_it_is(tmp_path: Path) -> None:
    broken = package_in(tmp_path).with_name("broken.py")
    broken.write_text("print 'of long ago'\n")
    compile_modules(Path(sys.executable), tmp_path, "/opt/python", "unchecked-hash")
    assert not bytecode_of(broken, THIS).exists()
    assert bytecode_of(tmp_path / "probe/__init__.py", THIS).exists()


def test_interpreter_of_this_version_is_found_and_of_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_interpreter(THIS) == Path(sys.executable)
    assert find_interpreter("3.99") is None


def test_shim_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_interpreter("3.99") is None


def test_interpreter_of_pyenv_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = tmp_path / "versions/3.99.1/bin/python3.99"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text("#!/bin/sh\necho 3.99 cpython-399\n")
    interpreter.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_interpreter("3.99") == interpreter
