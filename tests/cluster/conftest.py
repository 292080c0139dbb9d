"""Stores like S3 (moto) and Azure (azurite) on this machine, with and without a bad network before them."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.azure import azurite, make_container
from tests.cluster.faulty_proxy import FaultyProxy
from tests.cluster.google_fake import google_fake

BUCKET = "photos"


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of an S3 server on 127.0.0.1."""
    pytest.importorskip("obstore", reason="object stores need imgbatch[cloud]")
    server = pytest.importorskip("moto.server", reason="S3 is played by moto[server]")
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    yield moto.get_host_and_port()[1]
    moto.stop()


@pytest.fixture
def s3_environment(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of who uses that server; its endpoint."""
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}"), ("AWS_ACCESS_KEY_ID", "key-of-a-test"),
        ("AWS_SECRET_ACCESS_KEY", "secret-of-a-test"), ("AWS_REGION", "us-east-1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    forget_clients()
    return f"http://127.0.0.1:{s3_port}"


@pytest.fixture
def bucket(s3_environment: str) -> str:
    """The URL of an empty bucket."""
    client = boto(s3_environment)
    client.create_bucket(Bucket=BUCKET)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            client.delete_object(Bucket=BUCKET, Key=one["Key"])
    return f"s3://{BUCKET}"


@pytest.fixture
def proxy(bucket: str, s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy before the server, without faults as yet; all clients of the test go through it."""
    with FaultyProxy(s3_port) as one:
        monkeypatch.setenv("AWS_ENDPOINT_URL", one.url)
        forget_clients()
        yield one
    forget_clients()


@pytest.fixture(scope="session")
def azure_port() -> Iterator[int]:
    """The port of an Azure store on 127.0.0.1."""
    pytest.importorskip("obstore", reason="object stores need imgbatch[cloud]")
    with azurite() as port:
        yield port


@pytest.fixture
def container(azure_port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty container, in the environment of who uses it."""
    name = f"photos-{uuid.uuid4().hex}"
    make_container(azure_port, name)
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", f"http://127.0.0.1:{azure_port}")
    forget_clients()
    return f"az://{name}"


@pytest.fixture
def azure_proxy(container: str, azure_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """As `proxy`, before the Azure store."""
    with FaultyProxy(azure_port) as one:
        monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", one.url)
        forget_clients()
        yield one
    forget_clients()


@pytest.fixture
def google_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket of a fake of Google's store, with a bad network before it."""
    pytest.importorskip("obstore", reason="object stores need imgbatch[cloud]")
    with google_fake() as port, FaultyProxy(port) as proxy:
        account = {"gcs_base_url": proxy.url, "disable_oauth": True, "client_email": "", "private_key": ""}
        file = tmp_path / "account.json"
        file.write_text(json.dumps({**account, "private_key_id": ""}))
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(file))
        proxy.fail_now_and_then(seed=7)
        forget_clients()
        yield "gs://photos"
    forget_clients()


def boto(endpoint: str) -> Any:
    """Another client than ours, to look at what there is."""
    boto3 = pytest.importorskip("boto3", reason="the tests look into the store with boto3")
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )


def forget_clients() -> None:
    """Make this process find endpoint and credentials anew."""
    from imgbatch.storage.remote import client

    client._client.cache_clear()
    client._OUTAGES.clear()
