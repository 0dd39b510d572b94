# netledger alone; docker-compose.yml adds Prometheus and Grafana. Not built in CI: see docs/deploy.md.
ARG PYTHON=3.13-slim-bookworm

# Locked wheels only: no compiler, and none of this stage but the installed packages goes further. The driver of the
# mirror is in it, since nothing can be installed later.
FROM python:${PYTHON} AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY requirements requirements
COPY exporter exporter
COPY reports reports
COPY clients/python/netledger_client clients/python/netledger_client
COPY packaging/wheel packaging/wheel
COPY packaging/shell packaging/shell
RUN python -m venv /opt/netledger \
 && /opt/netledger/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
    --requirement requirements/run.txt --requirement requirements/mirror.txt --requirement requirements/build.txt \
 && /opt/netledger/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /opt/netledger/bin/pip uninstall --yes --requirement requirements/build.txt \
 && /opt/netledger/bin/pip uninstall --yes pip \
 && find /opt/netledger -name __pycache__ -type d -prune -exec rm -r {} + \
 && /opt/netledger/bin/python -m compileall -q /opt/netledger/lib

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="netledger" \
      org.opencontainers.image.description="A Prometheus exporter that keeps books" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --system --gid 7373 netledger \
 && useradd --system --uid 7373 --gid netledger --no-create-home --home-dir /var/lib/netledger netledger \
 && install --directory --owner netledger --group netledger --mode 0750 /var/lib/netledger
COPY --from=build /opt/netledger /opt/netledger
ENV PATH=/opt/netledger/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NETLEDGER_LEDGER_PATH=/var/lib/netledger/ledger.db
USER 7373:7373
VOLUME /var/lib/netledger
EXPOSE 7373
HEALTHCHECK --interval=2m --timeout=5s --start-period=15s \
  CMD ["netledger", "status"]
ENTRYPOINT ["netledger"]
CMD ["run"]
