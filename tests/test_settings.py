from datetime import timedelta
from pathlib import Path

import pytest

from tickets.errors import SettingsInvalid
from tickets.settings import read_settings


def test_an_empty_environment_serves_on_this_machine_with_the_embedded_database() -> None:
    settings = read_settings({"HOME": "/home/linh", "PATH": "/bin"})
    assert settings.database_url is None
    assert settings.data_dir == Path("/home/linh/.local/share/tickets")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.body_limit == 31_457_280


def test_data_goes_where_the_desktop_standard_says_or_beside_an_account_without_home() -> None:
    assert read_settings({"XDG_DATA_HOME": "/srv/x", "HOME": "/h"}).data_dir == Path("/srv/x/tickets")
    assert read_settings({"XDG_DATA_HOME": "relative", "HOME": "/h"}).data_dir == Path(
        "/h/.local/share/tickets"
    )
    assert read_settings({}).data_dir == Path.cwd() / ".data"
    assert read_settings({"TICKETS_DATA_DIR": "./here"}).data_dir == Path.cwd() / "here"


def test_every_setting_can_be_given() -> None:
    settings = read_settings(
        {
            "TICKETS_DATABASE_URL": "postgresql://t:pw@/tickets?host=/run/pg",
            "TICKETS_HOST": "0.0.0.0",  # noqa: S104 - what a container does
            "TICKETS_PORT": "80",
            "TICKETS_BROKER_URL": "redis://cache:6379/0",
            "TICKETS_SMTP_URL": "smtp+starttls://u:p@mail:587",
            "TICKETS_MAIL_FROM": "Hỗ trợ <hotro@example.vn>",
            "TICKETS_LOG_FORMAT": "JSON",
            "TICKETS_LOG_LEVEL": "debug",
            "TICKETS_SECRET": "s" * 32,
            "TICKETS_ALLOW_PRIVATE_WEBHOOKS": "crm.internal, 10.0.0.0/8,::1",
            "TICKETS_PUBLIC_URL": "https://desk.example.vn/",
            "TICKETS_BODY_LIMIT": "5M",
            "TICKETS_POOL_SIZE": "20",
            "TICKETS_OBJECT_STORE": "s3://envelopes/desk?endpoint=https://s3.example.vn&region=hn",
            "TICKETS_OBJECT_SIZE": "4M",
            "TICKETS_KEEP_ENVELOPES": "P90D",
        }
    )
    assert settings.public_url == "https://desk.example.vn"
    assert settings.log_format == "json"
    assert settings.allow_private_webhooks == ("crm.internal", "10.0.0.0/8", "::1")
    assert settings.body_limit == 5 * 1024 * 1024
    assert settings.object_store == "s3://envelopes/desk?endpoint=https://s3.example.vn&region=hn"
    assert (settings.object_size, settings.keep_envelopes) == (4 * 1024 * 1024, timedelta(days=90))
    assert settings.mail_from == "Hỗ trợ <hotro@example.vn>"


def test_a_folder_for_objects_may_be_named_as_a_path_or_a_url() -> None:
    for given in ("/srv/objects", "file:///srv/objects"):
        assert read_settings({"TICKETS_OBJECT_STORE": given}).object_store == "/srv/objects"


def test_all_faults_are_named_at_once_each_with_its_setting() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(
            {"TICKETS_PORT": "http", "TICKETS_LOG_FORMAT": "xml", "TICKETS_PROT": "80", "TICKETS_ZZ": "1"}
        )
    assert str(refused.value).splitlines() == [
        "TICKETS_PROT is not a setting; did you mean TICKETS_PORT?",
        "TICKETS_ZZ is not a setting.",
        "TICKETS_PORT must be a whole number from 1 to 65535, not 'http'.",
        "TICKETS_LOG_FORMAT must be auto, json or pretty, not 'xml'.",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٨٠"),
        ("DATABASE_URL", "mysql://h/db"),
        ("DATABASE_URL", "postgresql:///nohost"),
        ("DATABASE_URL", "postgresql://[::1/x"),
        ("DATABASE_URL", "postgresql://h:99999/x"),
        ("BROKER_URL", "localhost:6379"),
        ("SMTP_URL", "mail:25"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b\r\nBcc: c@d"),
        ("SECRET", "short"),
        ("ALLOW_PRIVATE_WEBHOOKS", "http://crm/"),
        ("BODY_LIMIT", "0"),
        ("BODY_LIMIT", "many"),
        ("POOL_SIZE", "1"),
        ("OBJECT_STORE", "https://bucket"),
        ("OBJECT_STORE", "s3://"),
        ("OBJECT_STORE", "s3://key:secret@bucket/x"),
        ("OBJECT_STORE", "s3://bucket?endpont=https://x"),
        ("OBJECT_STORE", "s3://bucket?endpoint=x"),
        ("KEEP_ENVELOPES", "90 days"),
        ("KEEP_ENVELOPES", "-P1D"),
        ("KEEP_ENVELOPES", "PT0S"),
        ("KEEP_ENVELOPES", "P1Y"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=rf"^TICKETS_{name} [^\n]+\.$"):
        read_settings({f"TICKETS_{name}": value})


def test_a_password_is_neither_in_a_fault_nor_in_the_representation() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"TICKETS_DATABASE_URL": "mysql://u:hunter2@h/db", "TICKETS_SECRET": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(read_settings({"TICKETS_DATABASE_URL": "postgresql://u:hunter2@h/db"}))


def test_what_kubernetes_says_about_a_service_of_our_name_is_not_for_us() -> None:
    told = {
        "TICKETS_PORT": "tcp://10.96.0.7:8080",
        "TICKETS_SERVICE_HOST": "10.96.0.7",
        "TICKETS_SERVICE_PORT_HTTP": "8080",
        "TICKETS_PORT_8080_TCP_ADDR": "10.96.0.7",
        "TICKETS_API_PORT": "tcp://10.96.0.8:8080",
    }
    assert read_settings(told).port == 8080


def test_an_empty_value_counts_as_not_given() -> None:
    assert read_settings({"TICKETS_PORT": " ", "TICKETS_DATABASE_URL": ""}).port == 8080
