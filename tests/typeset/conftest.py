"""Say visibly when a machine lacks what a test of certificates needs."""

import pytest

from tests.typeset.samples import faces


@pytest.fixture
def cjk() -> None:
    """Skip, with the reason, where no face for Chinese, Japanese and Korean is installed."""
    if not faces().national:
        pytest.skip("No CJK face is installed here; on Debian: apt install fonts-noto-cjk")
