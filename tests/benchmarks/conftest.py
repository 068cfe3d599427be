"""What is measured in a browser uses the browser of the tests."""

from tests.browser.conftest import browser, open_page, sign_in_as
from tests.browser.test_entry_grid import cast, many

__all__ = ["browser", "cast", "many", "open_page", "sign_in_as"]
