# Builds the service (the default) or, with `--target sample`, the sample data generator.
# Both run as an unprivileged user on a read-only root file system and write to /tmp and /dev/shm only.

FROM python:3.13-slim AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /srv/app

# The base image's pip installs into a venv without pip. Only wheels, so no compiler is needed.
FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_REQUIRE_HASHES=1
RUN python -m venv --without-pip /opt/venv
# With `--build-arg REQUIREMENTS=granian`, the command may be: python -m server.granian
ARG REQUIREMENTS=runtime
COPY requirements/runtime.txt requirements/granian.txt requirements/
RUN pip --python /opt/venv/bin/python install -r "requirements/$REQUIREMENTS.txt"
COPY pyproject.toml wsgi.py gunicorn.conf.py ./
COPY server server
COPY migrations migrations
COPY app app
# Compile bytecode now: the file system is read-only at run time.
RUN python -m compileall -q --invalidation-mode unchecked-hash .

FROM build AS build-sample
COPY requirements/sample.txt requirements/
RUN pip --python /opt/venv/bin/python install -r requirements/sample.txt
COPY sample_data sample_data
RUN python -m compileall -q --invalidation-mode unchecked-hash sample_data

FROM base AS runtime
# Leave /tmp as the only world-writable folder of the image.
RUN useradd --uid 10001 --user-group --no-log-init --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin app \
    && find / -xdev -type d -perm -0002 ! -path /tmp -exec chmod o-w {} +
# Numeric, so that an orchestrator can verify that it is not root.
USER 10001:10001

FROM runtime AS sample
COPY --from=build-sample /opt/venv /opt/venv
COPY --from=build-sample /srv/app /srv/app
CMD ["python", "-m", "sample_data"]

FROM runtime AS service
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/app /srv/app
ENV HOST=0.0.0.0 \
    PORT=8000
EXPOSE 8000
# Liveness, not readiness: do not restart a container because its database is unavailable.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", "\
import os, sys; from http.client import HTTPConnection; \
c = HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4); \
c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="student-data-service" \
      org.opencontainers.image.description="A REST service on Flask and MySQL whose database connections never go away." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
