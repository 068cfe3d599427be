"""Forms of the sign-in page and of one's own account."""

from django.contrib.auth.forms import AuthenticationForm

WRONG = "利用者名かパスワードが正しくありません。大文字・小文字も確かめてください。"


class SignInForm(AuthenticationForm):
    """Name and password; the same words whatever was wrong, so that names cannot be probed."""

    error_messages = {"invalid_login": WRONG, "inactive": WRONG}
