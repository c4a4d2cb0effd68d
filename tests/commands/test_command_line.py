"""The command line as an operator meets it: sentences and exit statuses, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lms.commands import signing_key
from lms.commands.backup import backup, restore
from lms.db import db
from tests.commands.conftest import set_setting
from tests.commands.rows import everything, fill_every_table

HOME = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    lms = Path(sys.executable).with_name("lms")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    return subprocess.run(
        [lms, *arguments], env={**clean, **environ}, cwd=HOME, capture_output=True, text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", [["db", "upgrade"], ["doctor"], ["worker", "--once"]])
def test_a_bad_setting_is_one_line_and_exit_status_2(tmp_path, command):
    got = run(*command, LMS_INSTANCE=str(tmp_path / "i"), LMS_ZONE="Pacific")
    assert got.returncode == 2
    last = got.stderr.splitlines()[-1]
    assert last.startswith("Error: LMS_ZONE: there is no time zone 'Pacific'")
    assert "Traceback" not in got.stderr


def test_wrong_usage_is_exit_status_2(tmp_path):
    assert run("doctor", "--nonsense", LMS_INSTANCE=str(tmp_path / "i")).returncode == 2
    assert run("nonsense", LMS_INSTANCE=str(tmp_path / "i")).returncode == 2


@pytest.mark.parametrize("command", ["backup", "restore", "doctor", "worker", "db"])
def test_every_command_explains_itself_without_touching_an_instance(tmp_path, command):
    got = run(command, "--help", LMS_INSTANCE=str(tmp_path / "i"))
    assert got.returncode == 0
    assert "Usage: lms" in got.stdout
    assert not (tmp_path / "i").exists()


def test_backup_and_restore_say_what_they_did(instance_of, tmp_path):
    file = tmp_path / "b.rounds"
    with instance_of("sqlite", "one") as app:
        with db.engine.begin() as connection:
            fill_every_table(connection)
            before = everything(connection)
        got = app.test_cli_runner().invoke(backup, [str(file)])
        assert got.exit_code == 0
        assert "checked." in got.output
    total = sum(len(rows) for rows in before.values())
    with instance_of("sqlite", "two", tables=False) as app:
        got = app.test_cli_runner().invoke(restore, [str(file)])
        assert got.exit_code == 0, got.output
        assert f"Restored {total} rows" in got.output
        with db.engine.connect() as connection:
            assert everything(connection) == before


def test_a_backup_never_overwrites_a_file(instance_of, tmp_path):
    (tmp_path / "b.rounds").write_text("last week's")
    with instance_of("sqlite", "one") as app:
        got = app.test_cli_runner().invoke(backup, [str(tmp_path / "b.rounds")])
    assert got.exit_code == 1
    assert "exists already" in got.output
    assert (tmp_path / "b.rounds").read_text() == "last week's"


def test_a_backup_into_a_folder_that_is_not_there_is_a_sentence(instance_of, tmp_path):
    with instance_of("sqlite", "one") as app:
        got = app.test_cli_runner().invoke(backup, [str(tmp_path / "no" / "b.rounds")])
    assert got.exit_code == 1
    assert got.output.startswith("Error: ")
    assert "Traceback" not in got.output


def test_an_empty_database_has_nothing_to_back_up(instance_of, tmp_path):
    with instance_of("sqlite", "one", tables=False) as app:
        got = app.test_cli_runner().invoke(backup, [str(tmp_path / "b.rounds")])
    assert (got.exit_code, (tmp_path / "b.rounds").exists()) == (1, False)


def test_a_file_that_is_no_backup_is_refused_before_anything_is_made(instance_of, tmp_path):
    (tmp_path / "x").write_bytes(b"%PDF-1.7")
    with instance_of("sqlite", "one", tables=False) as app:
        got = app.test_cli_runner().invoke(restore, [str(tmp_path / "x")])
        assert got.exit_code == 1
        assert "can't be read as a backup" in got.output
        assert db.inspect(db.engine).get_table_names() == []


def test_a_backup_says_whether_the_secret_that_opens_its_key_is_in_it(app, tmp_path, monkeypatch):
    signing_key.ready_or_refuse()
    got = app.test_cli_runner().invoke(backup, [str(tmp_path / "a.rounds")])
    assert "LMS_SECRET_KEY, which opens it, is not." in got.output
    settings = app.extensions["settings"]
    (settings.instance / "secret_key").write_text(settings.secret_key)
    got = app.test_cli_runner().invoke(backup, [str(tmp_path / "b.rounds")])
    assert "and the secret that opens it: store it encrypted." in got.output


def test_a_restore_says_when_the_signing_key_can_not_be_opened(app, tmp_path, instance_of):
    signing_key.ready_or_refuse()
    file = tmp_path / "a.rounds"
    app.test_cli_runner().invoke(backup, [str(file)])
    with instance_of("sqlite", "other") as other:
        set_setting(other, secret_key="another-secret-than-the-one-it-was-sealed-with")
        got = other.test_cli_runner().invoke(restore, [str(file)])
        assert "Before you start it: The key that signs certificates" in got.output, got.output
    with instance_of("sqlite", "same") as same:
        assert "Before" not in same.test_cli_runner().invoke(restore, [str(file)]).output
