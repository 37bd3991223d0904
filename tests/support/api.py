"""What tests of several resources ask of the service."""

ADDRESS = {
    "address": "Þórsgata 1",
    "address2": None,
    "district": "Miðborg",
    "city_id": 1,
    "postal_code": "101",
    "phone": "+354 555 0000",
}


def all_pages(client, path, headers):
    """The items of all pages from this one on."""
    items = []
    while path:
        page = client.get(path, headers=headers).json
        items += page["items"]
        path = page.get("next")
    return items


def with_etag(client, path, headers):
    """Headers that say: I have read this as it is now."""
    return {**headers, "If-Match": client.get(path, headers=headers).headers["ETag"]}


def merge_patch(client, path, changes, headers):
    """Change parts of what was just read."""
    return client.patch(
        path,
        json=changes,
        headers=with_etag(client, path, headers),
        content_type="application/merge-patch+json",
    )


def delete(client, path, headers):
    """Delete what was just read."""
    return client.delete(path, headers=with_etag(client, path, headers))
