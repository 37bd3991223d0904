"""Sign-ins with right, wrong and malformed credentials, and refreshes with random tokens.

Each correct or wrong password costs a hash of 64 MiB, unless a rate limit prevents it.
"""

from base64 import b64encode

from tests.attack.message import Message, request

WEIGHT = 3


def messages(target, random):
    """Yield sign-ins, refreshes and changes of the password, forever."""
    while True:
        user = random.choice(target.users)
        name, password = random.choice(
            (
                (user.user_name, user.password),
                (user.user_name, "the wrong password"),
                (f"unknown {random.random()}", "the wrong password"),
                (user.user_name, "x" * 5000),
                ("\x00", "\x00"),
                ("", ""),
            )
        )
        credentials = b64encode(f"{name}:{password}".encode()).decode()
        body = b'{"refresh_token": "%s"}' % random.randbytes(32).hex().encode()
        change = b'{"current_password": "wrong wrong wrong", "new_password": "short"}'
        yield random.choice(
            (
                Message(request("POST", "/v1/tokens", f"Authorization: Basic {credentials}")),
                Message(request("POST", "/v1/tokens/refresh", body=body)),
                Message(request("POST", "/v1/tokens/revoke", body=body)),
                Message(
                    request("PUT", "/v1/users/me/password", body=change, token=target.token(random))
                ),
            )
        )
