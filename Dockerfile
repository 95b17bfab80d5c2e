# syntax=docker/dockerfile:1
# All services in one image; which one runs is its command: sensor-streaming-bridge, sensor-streaming-ingest …, iotctl.
# What goes in comes from locks with hashes, and nothing in it depends on when or where it was built.

FROM python:3.13-slim-trixie AS build
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# what is used, before what we write: that changes more often
COPY requirements-build.lock requirements-image.lock ./
RUN python -m venv --without-pip /opt/sensor-streaming \
    && pip install --no-compile --require-hashes --only-binary :all: -r requirements-build.lock \
    && pip --python /opt/sensor-streaming/bin/python install --no-compile --require-hashes --only-binary :all: -r requirements-image.lock

COPY pyproject.toml README.md LICENSE ./
COPY wire ./wire
COPY runtime ./runtime
COPY vibration ./vibration
COPY bridge ./bridge
COPY ingest ./ingest
COPY alarms ./alarms
COPY web ./web
COPY emulator ./emulator
COPY timescale ./timescale
COPY ctl ./ctl
# bytecode is made now, as the file system is read-only later; by hash, as times are not the same twice
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /dist . \
    && pip --python /opt/sensor-streaming/bin/python install --no-compile --no-deps --no-index /dist/*.whl \
    && python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/sensor-streaming/lib

FROM python:3.13-slim-trixie
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="sensor-streaming" \
      org.opencontainers.image.description="Remote, real-time condition monitoring of machines and structures" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
# a name for the number, which some libraries ask for; no home, no shell. The day that it was made would be in /etc/shadow.
ARG SOURCE_DATE_EPOCH=0
RUN groupadd --gid 10001 streaming \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /tmp --shell /usr/sbin/nologin streaming \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/sensor-streaming
COPY --from=build /opt/sensor-streaming /opt/sensor-streaming
# /tmp is all that services write to: matplotlib's cache and iotctl's files. /var/lib/sensor-streaming is for a volume.
ENV PATH=/opt/sensor-streaming/bin:${PATH} \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
STOPSIGNAL SIGTERM
CMD ["iotctl", "--help"]
