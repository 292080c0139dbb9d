"""Do S3 and Azure keep what a store promises, and Google as we read its manual, also behind a bad network?"""

from __future__ import annotations

import uuid

import pytest

from tests.cluster.faulty_proxy import FaultyProxy
from tests.contracts.storage_suite import Key, StorageSuite


class TestS3(StorageSuite):
    """A bucket."""

    odd_names = {"new\nline.jpg"}
    rounds = 40
    reads = 10

    @pytest.fixture
    def scheme(self) -> str:
        return "s3"

    @pytest.fixture
    def key(self, bucket: str) -> Key:
        folder = f"{bucket}/{uuid.uuid4().hex}"
        return lambda name: f"{folder}/{name}"


class TestS3BehindABadNetwork(TestS3):
    """The same, with faults in every twentieth request."""

    @pytest.fixture
    def key(self, bucket: str, proxy: FaultyProxy, request: pytest.FixtureRequest) -> Key:
        proxy.fail_now_and_then(seed=len(request.node.name))
        folder = f"{bucket}/{uuid.uuid4().hex}"
        return lambda name: f"{folder}/{name}"


class TestAzure(StorageSuite):
    """A container."""

    odd_names = {"new\nline.jpg"}
    rounds = 40
    reads = 10

    @pytest.fixture
    def scheme(self) -> str:
        return "az"

    @pytest.fixture
    def key(self, container: str) -> Key:
        return lambda name: f"{container}/folder/{name}"


class TestAzureBehindABadNetwork(TestAzure):
    """The same, with faults in every twentieth request."""

    @pytest.fixture
    def key(self, container: str, azure_proxy: FaultyProxy, request: pytest.FixtureRequest) -> Key:
        azure_proxy.fail_now_and_then(seed=len(request.node.name))
        return lambda name: f"{container}/folder/{name}"


class TestGoogleAsWeReadItBehindABadNetwork(StorageSuite):
    """A bucket of a fake: nothing that can be installed plays the API that obstore speaks."""

    odd_names = {"new\nline.jpg"}
    rounds = 40
    reads = 10

    @pytest.fixture
    def scheme(self) -> str:
        return "gs"

    @pytest.fixture
    def key(self, google_bucket: str) -> Key:
        return lambda name: f"{google_bucket}/folder/{name}"
