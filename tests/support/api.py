"""Requests used by the tests of several resources."""

ADDRESS = {
    "address": "Þórsgata 1",
    "address2": None,
    "district": "Miðborg",
    "city_id": 1,
    "postal_code": "101",
    "phone": "+354 555 0000",
}


def all_pages(client, path, headers):
    """Return the items of this page and all following ones."""
    items = []
    while path:
        page = client.get(path, headers=headers).json
        items += page["items"]
        path = page.get("next")
    return items


def with_etag(client, path, headers):
    """Return the headers with `If-Match` for the current representation."""
    return {**headers, "If-Match": client.get(path, headers=headers).headers["ETag"]}


def merge_patch(client, path, changes, headers):
    """Send a PATCH (JSON Merge Patch) with the current ETag."""
    return client.patch(
        path,
        json=changes,
        headers=with_etag(client, path, headers),
        content_type="application/merge-patch+json",
    )


def delete(client, path, headers):
    """Send a DELETE with the current ETag."""
    return client.delete(path, headers=with_etag(client, path, headers))
