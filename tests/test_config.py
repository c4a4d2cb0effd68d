"""Settings: what is meant is taken, nonsense is refused with the name of the variable."""

import stat
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.engine import make_url

from lms.config import BadSetting, Settings

KEY = "0123456789abcdef0123456789abcdef"


def read(folder: Path, **environ: str) -> Settings:
    return Settings.from_env({"LMS_INSTANCE": str(folder / "instance"), **environ})


def test_nothing_set_gives_a_working_installation_of_its_own(tmp_path):
    got = read(tmp_path)
    assert got.instance == tmp_path / "instance"
    assert got.database_url == f"sqlite:///{tmp_path}/instance/rounds.db"
    assert got.base_url == "http://127.0.0.1:8000"
    assert got.zone == ZoneInfo("America/Los_Angeles")
    assert (got.mail, got.proxy_hops, got.testing) == (None, 0, False)


def test_the_address_follows_the_port_unless_it_is_given(tmp_path):
    assert read(tmp_path, PORT="8123").base_url == "http://127.0.0.1:8123"
    given = read(tmp_path, PORT="8123", LMS_BASE_URL="https://rounds.example.org/")
    assert given.base_url == "https://rounds.example.org"


def test_a_mail_server_is_taken_apart_with_its_escaped_password(tmp_path):
    mail = read(tmp_path, LMS_MAIL_URL="smtp://a%40b:p%2Fw%3A1@mail.example.org:587").mail
    assert (mail.host, mail.port, mail.user, mail.password) == (
        "mail.example.org", 587, "a@b", "p/w:1",
    )
    assert not mail.encrypted
    assert read(tmp_path, LMS_MAIL_URL="smtps://mail.example.org").mail.port == 465
    assert read(tmp_path, LMS_MAIL_URL="smtp://mail.example.org").mail.port == 25


@pytest.mark.parametrize("name", ["100%41?x=1 'q' #2", "Ünï tëst", "a@b:c"])
def test_the_database_is_inside_the_instance_however_the_folder_is_called(tmp_path, name):
    got = read(tmp_path / name)
    assert make_url(got.database_url).database == str(tmp_path / name / "instance" / "rounds.db")


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://rounds:p%40w@db:5432/rounds",
     "postgresql+psycopg:///rounds?host=/run/postgresql", "sqlite:////srv/rounds/rounds.db"],
)
def test_a_database_address_is_taken_as_given(tmp_path, url):
    assert read(tmp_path, LMS_DATABASE_URL=url).database_url == url


NONSENSE = [
    ("LMS_DATABASE_URL", "mysql://localhost/rounds"),
    ("LMS_DATABASE_URL", "postgresql://localhost/rounds"),  # would need another driver
    ("LMS_DATABASE_URL", "postgresql+psycopg://localhost"),  # names no database
    ("LMS_DATABASE_URL", "postgresql+psycopg://localhost:port/rounds"),
    ("LMS_DATABASE_URL", "sqlite://"),  # forgets everything at the end
    ("LMS_DATABASE_URL", "sqlite:///:memory:"),
    ("LMS_DATABASE_URL", "sqlite:///rounds.db"),  # relative to what?
    ("LMS_DATABASE_URL", "rounds.db"),
    ("LMS_SECRET_KEY", ""),
    ("LMS_SECRET_KEY", "changeme"),
    ("LMS_SECRET_KEY", "x" * 64),
    ("LMS_BASE_URL", "rounds.example.org"),
    ("LMS_BASE_URL", "ftp://rounds.example.org"),
    ("LMS_BASE_URL", "https://"),
    ("LMS_BASE_URL", "https://rounds.example.org/lms"),
    ("LMS_BASE_URL", "https://rounds.example.org?x=1"),
    ("LMS_BASE_URL", "https://rounds.example.org#x"),
    ("LMS_BASE_URL", "https://user@rounds.example.org"),
    ("LMS_BASE_URL", "https://rounds.example.org:99999"),
    ("LMS_BASE_URL", "https://rounds.example.org:0"),
    ("LMS_BASE_URL", "https://[::1"),
    ("LMS_BASE_URL", "http://[::1]:8000"),
    ("LMS_BASE_URL", "https://rounds example.org"),
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "70000"),
    ("PORT", "-1"),
    ("LMS_ZONE", "Pacific"),
    ("LMS_ZONE", "America"),
    ("LMS_ZONE", "../../etc/passwd"),
    ("LMS_ZONE", "/etc/localtime"),
    ("LMS_ZONE", "America/Los Angeles"),
    ("LMS_MAIL_URL", "mail.example.org"),
    ("LMS_MAIL_URL", "http://mail.example.org"),
    ("LMS_MAIL_URL", "smtp://"),
    ("LMS_MAIL_URL", "smtp://mail.example.org:smtp"),
    ("LMS_MAIL_URL", "smtp://mail.example.org:0"),
    ("LMS_MAIL_URL", "smtp://mail.example.org:70000"),
    ("LMS_MAIL_URL", "smtp://mail.example.org/inbox"),
    ("LMS_MAIL_URL", "smtp://[mail"),
    ("LMS_MAIL_FROM", "Rounds"),
    ("LMS_MAIL_FROM", "Rounds rounds@example.org"),
    ("LMS_MAIL_FROM", "Rounds <rounds@example.org"),
    ("LMS_MAIL_FROM", "rounds@example.org>"),
    ("LMS_MAIL_FROM", "a@example.org, b@example.org"),
    ("LMS_MAIL_FROM", "Rounds <rounds@example.org>\r\nBcc: x@example.org"),
    ("LMS_DATABASE_CONNECTIONS", "many"),
    ("LMS_DATABASE_CONNECTIONS", "0"),
    ("LMS_DATABASE_CONNECTIONS", "201"),
    ("LMS_PROXY_HOPS", "one"),
    ("LMS_PROXY_HOPS", "-1"),
    ("LMS_PROXY_HOPS", "1.5"),
    ("LMS_PROXY_HOPS", "²"),
    ("LMS_PROXY_HOPS", "11"),
    ("LMS_PROXY_HOPS", "9" * 5000),
    ("LMS_INSTANCE", "/"),
    ("LMS_INSTANCE", "~"),
    ("LMS_INSTANCE", "/dev/null/instance"),
    ("LMS_INSTANCE", "~nobody-of-this-name/instance"),
]


@pytest.mark.parametrize(("name", "value"), NONSENSE, ids=lambda text: text[:40])
def test_nonsense_is_refused_in_one_line_that_names_the_variable(tmp_path, name, value):
    with pytest.raises(BadSetting) as refused:
        read(tmp_path, **{name: value})
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_refusal_never_repeats_a_secret(tmp_path):
    for name, value in (
        ("LMS_SECRET_KEY", "geheim"),
        ("LMS_MAIL_URL", "smtp://u:geheim@mail.example.org:0"),
        ("LMS_DATABASE_URL", "postgresql+psycopg://u:geheim@db:port/rounds"),
    ):
        with pytest.raises(BadSetting) as refused:
            read(tmp_path, **{name: value})
        assert "geheim" not in str(refused.value)


def test_settings_can_be_printed_without_giving_secrets_away(tmp_path):
    got = read(
        tmp_path,
        LMS_SECRET_KEY="geheim-" + KEY,
        LMS_MAIL_URL="smtp://u:geheim@mail.example.org",
        LMS_DATABASE_URL="postgresql+psycopg://u:geheim@db/rounds",
    )
    assert "geheim" not in repr(got)


def test_the_instance_folder_is_closed_to_others(tmp_path):
    (tmp_path / "instance").mkdir(mode=0o755)
    read(tmp_path)
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_a_folder_that_others_share_is_refused_and_left_as_it_is(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(BadSetting, match="LMS_INSTANCE must be a folder of its own"):
        Settings.from_env({"LMS_INSTANCE": str(shared)})
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_the_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    file = tmp_path / "instance" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["secret_key"]


def _key_of(folder: str) -> str:
    return Settings.from_env({"LMS_INSTANCE": folder}).secret_key


def test_many_that_start_at_once_share_one_secret(tmp_path):
    folder = str(tmp_path / "instance")
    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(_key_of, [folder] * 64))
    assert len(keys) == 1
    assert keys == {(tmp_path / "instance" / "secret_key").read_text()}
    with get_context("spawn").Pool(2) as processes:
        other = str(tmp_path / "other")
        assert len(set(processes.map(_key_of, [other] * 8))) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe" * 40])
def test_a_damaged_secret_is_refused_and_not_replaced(tmp_path, content):
    file = tmp_path / "instance" / "secret_key"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(BadSetting, match="secret_key"):
        read(tmp_path)
    assert file.read_bytes() == content


def test_a_given_secret_is_used_and_not_written(tmp_path):
    assert read(tmp_path, LMS_SECRET_KEY=KEY).secret_key == KEY
    assert not (tmp_path / "instance" / "secret_key").exists()
