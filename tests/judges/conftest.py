"""The judge, from --wsdl or from what was fetched."""

from __future__ import annotations

import pytest

from tests.judges.wsdl import Judge, judge_from


@pytest.fixture(scope="session")
def judge(pytestconfig: pytest.Config) -> Judge:
    try:
        return judge_from(pytestconfig.getoption("--wsdl"))
    except FileNotFoundError as error:
        pytest.fail(str(error))
