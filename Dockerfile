# The whole service in one image; docker-compose.yml runs it as API, worker and scheduler.

# -- the page
FROM node:22-bookworm-slim AS page
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

# -- the Python packages, pinned and hashed
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv .venv
COPY requirements/run.txt requirements/run.txt
RUN .venv/bin/pip install --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md ./
RUN mkdir backend worker models migrations \
    && .venv/bin/pip install --no-deps --no-build-isolation --editable .

# -- what runs: no compiler, no npm, no root
FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin pocovid \
    && install --directory --owner=pocovid --group=pocovid /data /secrets
WORKDIR /app
COPY --from=packages /app /app
COPY --from=page /app/frontend/dist frontend/dist
COPY scripts/compose scripts/compose
COPY migrations migrations
COPY models models
COPY worker worker
COPY backend backend
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=262144 \
    HOST=0.0.0.0 \
    PORT=8000 \
    POCOVID_DATA_DIR=/data \
    POCOVID_LOG_FORMAT=json
USER pocovid
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/api/v1/health', timeout=4)"]
ENTRYPOINT ["pocovid"]
CMD ["up"]
