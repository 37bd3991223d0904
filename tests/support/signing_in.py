"""Sign-in over HTTP."""

from base64 import b64encode

# Returns 200 for every signed-in user, and 401 without a valid token.
PROTECTED_PATH = "/v1/countries?limit=1"


def basic(user_name, password):
    """Return the header for HTTP Basic authentication."""
    return {"Authorization": "Basic " + b64encode(f"{user_name}:{password}".encode()).decode()}


def sign_in(client, user):
    """Sign in and return the access token."""
    return sign_in_response(client, user).json["access_token"]


def sign_in_response(client, user):
    """Sign in and return the response."""
    response = client.post("/v1/tokens", headers=basic(user.user_name, user.password))
    assert response.status_code == 201, response.text
    return response
