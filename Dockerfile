# syntax=docker/dockerfile:1
# One image for every process: web, worker, courier, migrate.
FROM python:3.13-slim AS build
COPY requirements/uv.txt /tmp/uv.txt
RUN --mount=type=cache,target=/root/.cache/pip pip install --require-hashes -r /tmp/uv.txt
COPY requirements/runtime.txt /tmp/runtime.txt
RUN --mount=type=cache,target=/root/.cache/uv \
    python -m venv --without-pip /app/.venv && \
    uv pip sync --python /app/.venv/bin/python --require-hashes --compile-bytecode --link-mode=copy /tmp/runtime.txt

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Lapak" \
      org.opencontainers.image.description="The event-driven supply chain of a productive prison" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY shared shared
COPY services services
RUN python -m compileall -q shared services && \
    useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin lapak && \
    install -d -o lapak -g lapak /run/lapak
USER 10001
ENTRYPOINT ["python", "-m"]
CMD ["shared.cli", "--help"]
