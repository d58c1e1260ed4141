# The base goes by its tag here; a build that must be repeatable gives its digest:
#   docker build --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:… --tag elasticsearch-inference-operator:0.1.0 .
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements requirements
RUN python -m venv --without-pip /opt/operator \
    && pip install --no-cache-dir --require-hashes --constraint requirements/dev.txt hatchling==1.33.0 \
    && pip --python /opt/operator/bin/python install --no-cache-dir --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation . \
    && pip --python /opt/operator/bin/python install --no-cache-dir --no-deps ./*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="elasticsearch-inference-operator" \
      org.opencontainers.image.description="Makes the inference endpoints of Elasticsearch declarative" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN pip uninstall --yes pip \
    && echo "nonroot:x:65532:65532::/nonexistent:/usr/sbin/nologin" >> /etc/passwd \
    && echo "nonroot:x:65532:" >> /etc/group
COPY --from=build /opt/operator /opt/operator
# HOME: the Kubernetes client wants one, which an arbitrary UID has not.
ENV PATH=/opt/operator/bin:$PATH \
    HOME=/nonexistent \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["inference-operator"]
CMD ["run"]
