"""Signs users in over HTTP."""

from base64 import b64encode


def basic(user_name, password):
    return {"Authorization": "Basic " + b64encode(f"{user_name}:{password}".encode()).decode()}


def sign_in(client, user):
    answer = client.post("/v1/tokens", headers=basic(user.user_name, user.password))
    assert answer.status_code == 201, answer.text
    return answer.json["access_token"]
