"""Adding from the page: what is sent and what lies below an opened root, and nothing else."""

import os
import shutil
import time

import numpy as np
import pytest
import soundfile

from tonotopy import catalog
from tonotopy.audio import is_audio_name
from tonotopy.errors import NotInLibrary, TonotopyError
from tonotopy.server import uploads
from tonotopy.server.uploads import Uploads

API = "/api/v1"
WAIT_S = 120


def sound_bytes(folder, name="x.wav", hz=500):
    path = folder / name
    soundfile.write(path, 0.3 * np.sin(hz * np.arange(8000) / 8000), 8000)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def root(tmp_path):
    (tmp_path / "opened/kits/808").mkdir(parents=True)
    return tmp_path / "opened"


@pytest.fixture
def copied(sounds, tmp_path):
    """A copy of the library that a test may change."""
    with catalog.open_catalog(shutil.copy(sounds.library, tmp_path / "mine.db")) as opened:
        yield opened


@pytest.fixture
def adding(copied, root, serve_library):
    """Speaks to a server that may add from the root."""
    return serve_library(copied, allow_add=[root])


def about(client):
    return client.get(f"{API}/library").json()["adding"]


def begin(client):
    answer = client.post(f"{API}/adding/uploads")
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def send(client, upload, name, content, **query):
    given = {"upload": upload, "name": name, **query}
    return client.post(f"{API}/adding/files", params=given, content=content)


def run(client, **asked):
    answer = client.post(f"{API}/adding", json=asked)
    assert answer.status_code == 202, answer.text
    end = time.monotonic() + WAIT_S
    job = answer.json()
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end, "the job did not end"
        time.sleep(0.05)
        job = client.get(f"{API}/jobs/{job['id']}").json()
    return job


def files_below(root):
    return sorted(os.path.relpath(path, root) for path in root.rglob("*") if path.is_file())


def test_nothing_is_added_unless_it_is_allowed(client):
    assert "--allow-add" in about(client)["why_not"]
    for path in ("adding", "adding/uploads", "adding/files?upload=1&name=a.wav"):
        answer = client.post(f"{API}/{path}", json={"folder": 1})
        assert answer.status_code == 403
        assert "--allow-add FOLDER" in answer.json()["error"]
    assert client.get(f"{API}/adding/folders/1").status_code == 403


def test_what_is_allowed_is_told(adding, root):
    told = about(adding)
    assert told["why_not"] is None
    assert (told["max_bytes"], told["max_files"]) == (200_000_000, 2000)
    assert [each["name"] for each in told["folders"]] == [str(root)]
    assert {".wav", ".mp3"} < set(told["endings"])
    assert all(is_audio_name(f"x{ending}") for ending in told["endings"])


def test_sounds_that_are_sent_are_kept_in_a_dated_folder_and_added(adding, root, tmp_path):
    before = adding.get(f"{API}/library").json()["n_recordings"]
    upload = begin(adding)
    sound, other = sound_bytes(tmp_path), sound_bytes(tmp_path, hz=900)
    assert send(adding, upload, "kick.wav", sound, group="drums").status_code == 201
    assert send(adding, upload, "kick.wav", other, group="drums").json()["name"] == "kick (2).wav"
    assert send(adding, upload, "noise.wav", b"RIFF but no sound").status_code == 201
    (folder,) = {path.split(os.sep)[0] for path in files_below(root)}
    assert folder[:4].isdecimal()
    assert files_below(root / folder) == ["drums/kick (2).wav", "drums/kick.wav", "noise.wav"]
    job = run(adding, upload=upload, labels_from_folders=True)
    assert (job["state"], job["error"]) == ("done", None)
    done = job["adding"]
    assert (done["added"], done["n_failed"], done["done"], done["n_files"]) == (2, 1, 3, 3)
    assert done["failed"][0]["name"] == "noise.wav"
    assert done["failed"][0]["reason"]
    now = adding.get(f"{API}/library").json()
    assert now["n_recordings"] == before + 2
    assert now["adding"]["job"] is None
    found = adding.get(f"{API}/recordings", params={"where": "label = 'drums'"}).json()
    assert {"kick.wav", "kick (2).wav"} <= {each["name"] for each in found["recordings"]}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../evil.wav", "evil.wav"),
        ("/etc/cron.d/evil.wav", "evil.wav"),
        ("..\\..\\evil.wav", "evil.wav"),
        (".hidden.wav", "hidden.wav"),
        ("a\x00b\n.wav", "a_b_.wav"),
        ("CON.wav", "_CON.wav"),
        ("tail.wav. ", "tail.wav"),
        ("\u202egpj.wav", "_gpj.wav"),
        (
            "\ud83d\ude00 \u00e9t\u00e9.WAV".encode("utf-16", "surrogatepass").decode("utf-16"),
            "😀 été.WAV",
        ),
        ("x" * 500 + ".flac", "x" * 120 + ".flac"),
    ],
)
def test_a_name_is_never_a_path(adding, root, tmp_path, name, kept):
    upload = begin(adding)
    answer = send(adding, upload, name, b"sound", group="../../out")
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == kept
    (path,) = files_below(root)
    assert path.endswith(os.path.join("out", kept))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["report.pdf", "", "..", "wav", "a.wav.exe"])
def test_what_is_not_named_like_a_sound_is_refused(adding, root, name):
    answer = send(adding, begin(adding), name, b"%PDF-1.7")
    assert answer.status_code == 400
    assert "only sounds" in answer.json()["error"]
    assert files_below(root) == []


def test_nothing_is_overwritten(adding, root):
    upload = begin(adding)
    (folder,) = (each for each in root.iterdir() if each.name != "kits")
    (folder / "kick.wav").write_bytes(b"mine")
    assert send(adding, upload, "kick.wav", b"other").json()["name"] == "kick (2).wav"
    assert (folder / "kick.wav").read_bytes() == b"mine"
    adding.post(f"{API}/adding/uploads/{upload}/discard")
    assert files_below(root) == [f"{folder.name}/kick.wav"]


def test_an_empty_file_is_refused_and_leaves_nothing(adding, root):
    answer = send(adding, begin(adding), "a.wav", b"")
    assert answer.status_code == 400
    assert "a.wav is empty" in answer.json()["error"]
    assert files_below(root) == []


def test_only_so_many_files_are_taken(copied, root, serve_library):
    client = serve_library(copied, allow_add=[root], max_files=2)
    upload = begin(client)
    answers = [send(client, upload, f"{number}.wav", b"x") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert "--max-files" in answers[-1].json()["error"]
    assert len(files_below(root)) == 2


def test_a_file_that_is_announced_too_large_is_refused_before_it_comes(copied, root, serve_library):
    client = serve_library(copied, allow_add=[root], max_upload=1000)
    answer = send(client, begin(client), "a.wav", b"x" * 1001)
    assert answer.status_code == 413
    assert "--max-upload" in answer.json()["error"]
    assert files_below(root) == []


def test_a_file_that_is_larger_than_it_says_is_refused_and_leaves_nothing(
    copied, root, serve_library
):
    client = serve_library(copied, allow_add=[root], max_upload=1000)
    answer = send(client, begin(client), "a.wav", (b"x" * 100 for _ in range(11)))
    assert answer.status_code == 413
    assert files_below(root) == []


def test_a_disk_that_has_no_room_is_said_and_nothing_stays(adding, root, monkeypatch):
    upload = begin(adding)
    real = os.statvfs(root)
    monkeypatch.setattr(uploads, "RESERVE", real.f_bavail * real.f_frsize)
    answer = send(adding, upload, "a.wav", b"x" * 100)
    assert answer.status_code == 507
    assert "free some space" in answer.json()["error"]
    assert files_below(root) == []


def test_a_disk_that_fills_up_is_said_and_nothing_stays(adding, root, monkeypatch):
    async def full(path, chunks):
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    upload = begin(adding)
    monkeypatch.setattr(uploads, "write", full)
    answer = send(adding, upload, "a.wav", b"x" * 100)
    assert answer.status_code == 507
    assert "No space left on device" in answer.json()["error"]
    assert files_below(root) == []


def test_uploads_that_were_never_added_go_with_the_server_or_after_an_hour(root, monkeypatch):
    kept = Uploads(root, max_files=10)
    first = kept.begin()
    monkeypatch.setattr(uploads, "FORGOTTEN_S", -1.0)
    kept.begin()
    assert len(list(root.iterdir())) == 2  # the second one, and kits
    with pytest.raises(NotInLibrary, match="send the files again"):
        kept.discard(first)
    kept.close()
    assert [each.name for each in root.iterdir()] == ["kits"]


def test_an_upload_that_is_added_is_over(adding, root, tmp_path):
    upload = begin(adding)
    send(adding, upload, "a.wav", sound_bytes(tmp_path))
    run(adding, upload=upload)
    for path in (f"uploads/{upload}/discard", f"files?upload={upload}&name=b.wav"):
        answer = adding.post(f"{API}/adding/{path}", content=b"x")
        assert answer.status_code == 404
    assert len(files_below(root)) == 1


def folder_of(client, *names):
    """Walk down from the root by names."""
    number = about(client)["folders"][0]["id"]
    for name in names:
        inside = client.get(f"{API}/adding/folders/{number}").json()["folders"]
        number = next(each["id"] for each in inside if each["name"] == name)
    return number


def test_a_folder_below_the_root_is_chosen_and_added(adding, root, tmp_path):
    (root / "kits/808/a.wav").write_bytes(sound_bytes(tmp_path))
    (root / "kits/.secret").mkdir()
    number = folder_of(adding, "kits", "808")
    listed = adding.get(f"{API}/adding/folders/{number}").json()
    assert (listed["name"], listed["n_sounds"], listed["folders"]) == ("808", 1, [])
    kits = adding.get(f"{API}/adding/folders/{listed['parent']}").json()
    assert [each["name"] for each in kits["folders"]] == ["808"]
    job = run(adding, folder=number)
    assert job["adding"]["added"] == 1
    again = run(adding, folder=number)
    assert (again["adding"]["added"], again["adding"]["unchanged"]) == (0, 1)


def test_links_lead_nowhere_outside_of_the_root(adding, root, sounds):
    (root / "out").symlink_to(sounds.folder)
    (root / "kits/out").symlink_to(sounds.folder / "odd")
    (root / "kits/mono.wav").symlink_to(sounds.folder / "bells/mono.wav")
    top = adding.get(f"{API}/adding/folders/{folder_of(adding)}").json()
    assert [each["name"] for each in top["folders"]] == ["kits"]
    job = run(adding, folder=folder_of(adding, "kits"))
    assert job["state"] == "failed"  # there is nothing else
    assert "a link that leads out of" in job["error"]
    before = {each["path"] for each in adding.get(f"{API}/recordings").json()["recordings"]}
    assert not any(path.startswith(str(root)) for path in before)


def test_a_folder_that_becomes_a_link_is_refused(adding, root, sounds):
    number = folder_of(adding, "kits")
    shutil.rmtree(root / "kits")
    (root / "kits").symlink_to(sounds.folder)
    for answer in (
        adding.get(f"{API}/adding/folders/{number}"),
        adding.post(f"{API}/adding", json={"folder": number}),
    ):
        assert answer.status_code == 400
        assert "leads out of" in answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [({}, 400), ({"folder": 1, "upload": 1}, 400), ({"folder": 99}, 404), ({"upload": 99}, 404)],
)
def test_adding_what_is_not_there_is_refused(adding, asked, status):
    answer = adding.post(f"{API}/adding", json=asked)
    assert answer.status_code == status


def test_an_empty_folder_says_so(adding):
    job = run(adding, folder=folder_of(adding, "kits"))
    assert job["state"] == "failed"
    assert "no audio files" in job["error"]


def test_a_library_that_cannot_be_written_is_not_added_to(copied, root, serve_library):
    copied.read_only = True
    client = serve_library(copied, allow_add=[root])
    assert "read-only" in about(client)["why_not"]
    assert client.post(f"{API}/adding/uploads").status_code == 409
    assert client.post(f"{API}/adding", json={"folder": 1}).status_code == 409


def test_a_token_is_needed_for_adding_as_for_the_rest(copied, root, serve_library):
    client = serve_library(copied, allow_add=[root], token="a-token-of-ours")
    assert client.post(f"{API}/adding/uploads").status_code == 401
    shown = {"Authorization": "Bearer a-token-of-ours"}
    assert client.post(f"{API}/adding/uploads", headers=shown).status_code == 201
    bare = {**shown, "X-Tonotopy": ""}
    del client.headers["X-Tonotopy"]
    del bare["X-Tonotopy"]
    assert client.post(f"{API}/adding/uploads", headers=bare).status_code == 403


def test_a_root_that_is_not_there_is_refused(copied, serve_library, tmp_path):
    with pytest.raises(TonotopyError, match="there is no folder"):
        serve_library(copied, allow_add=[tmp_path / "nowhere"])
