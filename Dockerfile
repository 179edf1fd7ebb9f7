# `pgagents verify` in a container:
#   docker build --tag pgagents .
#   docker run --rm --volume "$PWD:/work" --env PGAGENTS_TOKEN pgagents verify --url https://staging.example.com

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY catalogue/ catalogue/
COPY schemas/ schemas/
COPY skills/ skills/
COPY templates/ templates/
COPY src/ src/
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
    && python -m venv /opt/pgagents \
    && /opt/pgagents/bin/pip install --no-cache-dir "$(echo /wheel/*.whl)[sandbox,mcp]"

FROM python:3.12-slim
LABEL org.opencontainers.image.title="pgagents" \
      org.opencontainers.image.description="One action catalogue, every agent platform's manifest, and a live server held to all of them" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --create-home pgagents && mkdir /work && chown 10001:10001 /work
COPY --from=build /opt/pgagents /opt/pgagents
ENV PATH="/opt/pgagents/bin:$PATH"
# by number, so that a cluster can see that it is not root
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["pgagents"]
CMD ["--help"]
