"""The database address, from the environment."""

import os

ADDRESS = {
    "host": os.environ["DB_HOST"],
    "port": int(os.environ["DB_PORT"]),
    "user": os.environ["DB_USER"],
    "password": os.environ.get("DB_PASSWORD", ""),
}
NAME = os.environ["DB_NAME"]
URL = "://{user}:{password}@{host}:{port}/".format(**ADDRESS) + NAME
