# One image: `pmhc serve` answers, `pmhc worker` delivers, `pmhc migrate` prepares.

FROM python:3.13-slim AS build
WORKDIR /build
# What changes seldom comes first: the dependencies, by hash, as ready-made wheels.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/pmhc \
 && pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements-build.lock \
 && pip --python /opt/pmhc/bin/python install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY migrations migrations
COPY seed_data seed_data
COPY app app
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/pmhc/bin/python install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
# /data is for the SQLite file and the letters of a small installation.
RUN groupadd --gid 10001 pmhc \
 && useradd --uid 10001 --gid pmhc --no-create-home --shell /usr/sbin/nologin pmhc \
 && install --directory --owner=pmhc --group=pmhc /data \
 && pip uninstall --yes pip
COPY --from=build /opt/pmhc /opt/pmhc
ENV PATH=/opt/pmhc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    APP_ENV=production \
    APP_HOST=0.0.0.0 \
    APP_PORT=8000
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# A worker beside the server listens to nothing: run it with --health-cmd "pmhc check".
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["pmhc", "check", "--live"]
CMD ["pmhc", "serve"]
