"""The stub tells Python the same numbers as the native code."""

from __future__ import annotations

import ast
from pathlib import Path

import mediad._fastpath
from mediad._fastpath.door import media_loop


def test_the_stub_and_the_module_agree() -> None:
    stub = Path(mediad._fastpath.__file__).with_name("door") / "media_loop.pyi"
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ClassDef) and any(
            getattr(base, "id", "") == "IntEnum" for base in node.bases
        ):
            said = {
                target.id: statement.value.value
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            assert {
                name: int(member) for name, member in getattr(media_loop, node.name).__members__.items()
            } == said
