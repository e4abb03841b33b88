#!/usr/bin/python3
"""What `meson install` leaves, in a directory of the test's own: install_test.py BUILD. The unit is read by systemd itself
where there is systemd-analyze; otherwise its programs are looked for here."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def installed(build, root):
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root], check=True)
    return {path.name: path for path in root.rglob("*") if path.is_file()}


def check_unit(unit, root, count):
    text = unit.read_text()
    programs = set(re.findall(r"^Exec\w+=(\S+)", text, re.M))
    assert len(programs) == count, programs
    for program in programs:
        assert (root / program.lstrip("/")).is_file(), f"the unit runs {program}, which is not installed"
    assert unit.parent.relative_to(root).as_posix().endswith("lib/systemd/system")
    if shutil.which("systemd-analyze") is None:
        return
    trial = root / unit.name  # whose programs exist where it says
    trial.write_text(re.sub(r"^(Exec\w+=)(/)", rf"\1{root}/", text, flags=re.M))
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", trial], text=True, capture_output=True)
    complaints = [line for line in found.stderr.splitlines() if unit.name in line]
    assert not complaints, complaints


def main():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        files = installed(sys.argv[1], root)
        for name in ("batond", "batonctl", "baton-controller", "baton.service", "baton-controller.service", "edge.yaml",
                     "minimal.yaml", "controller.yaml"):
            assert name in files, f"{name} is not installed: {sorted(files)}"
        assert list(root.rglob("bash-completion/completions/batonctl"))
        check_unit(files["baton.service"], root, 2)
        check_unit(files["baton-controller.service"], root, 1)
        subprocess.run([files["batond"], "--config", files["edge.yaml"], "--check"], check=True)


main()
