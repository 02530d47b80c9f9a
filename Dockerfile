# The image of every service in compose.yaml but Postgres: Seqloom with the tested lock, run by a user without rights.
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install --yes --no-install-recommends git tini && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 seqloom && mkdir /srv/seqloom /var/lib/seqloom \
    && chown seqloom: /srv/seqloom /var/lib/seqloom

WORKDIR /srv/seqloom
# With TORCH_INDEX=https://download.pytorch.org/whl/cpu the image is some gigabytes smaller and knows no GPU.
ARG TORCH_INDEX=""
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY locks locks
# Every file is compared with its digest; the torch of another index, and what torch pins itself, have none here.
RUN pip install --no-cache-dir --require-hashes --no-deps --requirement locks/run.txt \
    && if [ -z "$TORCH_INDEX" ]; then pip install --no-cache-dir --require-hashes --no-deps --requirement locks/torch.txt; fi
COPY src src
COPY flows flows
COPY tasks tasks
RUN pip install --no-cache-dir --no-build-isolation --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
    --editable '.[demo,postgres]'
COPY prefect.yaml ./
COPY recipes recipes

USER seqloom
ENV SEQLOOM_HOME=/var/lib/seqloom/home DO_NOT_TRACK=true MLFLOW_DISABLE_TELEMETRY=true PYTHONUNBUFFERED=1
# Signals reach the process, and children that lost their parent are waited for.
ENTRYPOINT ["tini", "--"]
