# The workflow with what it needs: docker build --tag mixtura . (GPUs: docker run --gpus all)
FROM python:3.11.7-slim-bookworm

WORKDIR /mixtura
# What changes least comes first, so that a change of the code builds no environment again.
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir torch==2.13.0 \
    && pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt

COPY pyproject.toml README.md LICENSE Snakefile ./
COPY config config
COPY envs envs
COPY profiles profiles
COPY workflow workflow
# In place, so that the package and the rules are the same files.
RUN pip install --no-cache-dir --no-deps --editable . \
    && useradd --create-home --uid 1000 mixtura \
    && mkdir results \
    && chown --recursive mixtura .

USER 1000
# docker run --volume "$PWD/results:/mixtura/results" mixtura --configfile config/config.yaml
ENTRYPOINT ["snakemake", "--profile", "profiles/local"]
