from __future__ import annotations

import pytest
from workdb import Work


@pytest.fixture
def work() -> Work:
    """Empty raw tables of companies, owners and tasks."""
    return Work().standard()
