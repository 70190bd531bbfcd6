"""Promise 10: another mission needs no code: the generator and its templates know none."""

import errno
import os
import re
from pathlib import Path

import pytest
from conftest import PROJECT, Case, make_case

WORDS = ("rsm", "resolute", "afghan", "afghanistan", "afghans", "nato", "kabul")
# The licence and the name of the generator stand on every site's pages.
OWN = re.compile(r"rsm[_-]site")


def words_of(text: str) -> set[str]:
    """The words of the shipped mission that a text has."""
    return set(WORDS) & set(re.findall(r"[^\W_]+", OWN.sub("", text.lower())))


def test_the_generator_knows_no_mission() -> None:
    """No word of the shipped mission is in the package or the templates, but the package's own name."""
    found = []
    for folder in ("rsm_site", "templates"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".css", ".js", ".yaml", ".svg", ".md"):
                lines = path.read_text(encoding="utf-8").splitlines()
                found += [f"{path.name}:{number}" for number, line in enumerate(lines, 1) if words_of(line)]
    assert found == []


@pytest.mark.parametrize("name", ["second-mission", "persian", "starter"])
def test_another_content_folder_is_another_site(name: str, tmp_path: Path) -> None:
    """A content folder of another mission, in English or in Persian, and the one that `new` makes, build without a
    warning by the same command; no file of the site has a word of the shipped mission."""
    case = make_case(tmp_path, name) if name != "starter" else Case(tmp_path / name)
    if name == "starter":
        case.project.mkdir()
        assert case.run("new", ".").status == 0
    assert case.run("build", "--strict")[::2] == (0, "")
    files = case.files()
    assert len(files) > 40
    texts = {url: data.decode() for url, data in files.items() if not url.endswith((".png", ".ico", ".woff2"))}
    assert {url: found for url, text in texts.items() if (found := words_of(text))} == {}


@pytest.mark.parametrize(("there", "status"), [(".git/HEAD", 0), ("notes.txt", 2), ("content/site.yaml", 2)])
def test_a_mission_begins_in_a_folder_of_its_own(there: str, status: int, tmp_path: Path) -> None:
    """`new` takes a folder that holds nothing but a new repository, and refuses one that holds anything else."""
    file = tmp_path / "mine" / there
    file.parent.mkdir(parents=True)
    file.write_text("mine", encoding="utf-8")
    done = Case(tmp_path / "mine").run("new", ".")
    assert done.status == status
    assert ("not an empty folder" in done.err) == (status == 2)
    assert file.read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "mine" / "content" / "facts.yaml").exists() == (status == 0)


def test_a_full_disk_leaves_no_half_mission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full before the last file of a new mission leaves nothing of it, so that it can be tried again."""

    def fail(path: Path, *_arguments: object, **_options: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", fail)
        done = Case(tmp_path).run("new", "mine")
    assert (done.status, "No space left on device" in done.err) == (3, True)
    assert [*(tmp_path / "mine").iterdir()] == []
    assert Case(tmp_path).run("new", "mine").status == 0
