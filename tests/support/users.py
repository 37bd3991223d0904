"""Users created for one test, which may deactivate them or change their passwords."""

from dataclasses import dataclass
from uuid import uuid4

from argon2 import PasswordHasher

from tests.support.database import query
from tests.support.signing_in import basic

# The lowest costs that argon2 allows, to keep the tests fast.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class User:
    name: str
    password: str
    api_user_id: int

    def sign_in(self, client, password=None):
        """Sign in, by default with the correct password, and return the response."""
        return client.post("/v1/tokens", headers=basic(self.name, password or self.password))


def new_user(root):
    """Create an administrator with a random name and password."""
    name, password = f"user {uuid4().hex[:12]}", f"the password {uuid4().hex}"
    query(
        root,
        "INSERT INTO api_user (user_name, password_hash, role) VALUES (%s, %s, 'admin')",
        (name, CHEAP.hash(password)),
    )
    ((api_user_id,),) = query(
        root, "SELECT api_user_id FROM api_user WHERE user_name = %s", (name,)
    )
    return User(name, password, api_user_id)
