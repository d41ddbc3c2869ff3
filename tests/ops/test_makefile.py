"""`make serve` on a fresh clone: each step that takes long says what it does, and standard output stays clean."""

import shutil
import subprocess

from tests.make import ROOT

# Stands for Python, and makes an environment of programs that do nothing at all.
PYTHON = """#!/bin/sh
[ "$1" = -m ] || exit 0
mkdir -p .venv/bin
for name in pip pmhc; do printf '#!/bin/sh\\n' > .venv/bin/$name; chmod +x .venv/bin/$name; done
"""


def test_serve_says_what_takes_long_and_says_nothing_twice(tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)

    def serve():
        done = subprocess.run(
            ["make", "--no-print-directory", f"PYTHON={tmp_path}/python", "serve"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == ""
        return [line.split()[0] for line in done.stderr.splitlines()]

    assert serve() == ["Installing", "Linking", "Migrating,"]
    assert serve() == ["Migrating,"]
