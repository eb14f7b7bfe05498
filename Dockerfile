# Both bases are given with their digest, as NAME:TAG@sha256:…, and the build refuses them without: a tag may be moved
# onto other bytes, and what ends people's sessions should change only when somebody means it to. No digest is written
# here because it would be out of date with the next security fix of Debian. docs/container.md says how to look it up
# and to check its signature. UNPINNED=allowed takes the tags as they are, for a try at home.
ARG BUILDER=docker.io/library/node:24-trixie-slim
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

FROM ${BUILDER} AS build
ARG BUILDER
ARG BASE
ARG UNPINNED=refused
RUN for image in "$BUILDER" "$BASE"; do \
      case "$UNPINNED $image" in allowed\ * | *@sha256:*) continue ;; esac; \
      echo "$image is named without its digest: pass --build-arg BUILDER=NAME:TAG@sha256:… and BASE likewise, or UNPINNED=allowed" >&2; \
      exit 1; \
    done
WORKDIR /src
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json ./
COPY scripts scripts
COPY src src
# The link makes `config/curfew.yaml`, which every command reads unless told otherwise, the mounted one.
RUN npm run build \
 && install -m 644 LICENSE scripts/image/healthcheck.js dist/ \
 && echo '{ "type": "module" }' >dist/package.json \
 && ln -s /etc/curfew dist/config \
 && mkdir /data

# Without a RUN, as there is no shell; nothing that a build mounts can leave a trace here.
FROM ${BASE}
COPY --from=build /src/dist /opt/curfew
# A named volume takes its owner from here.
COPY --from=build --chown=65532:65532 /data /var/lib/curfew

# By number: Kubernetes cannot tell of a name that it is not root.
USER 65532:65532
WORKDIR /opt/curfew
EXPOSE 9464
# No VOLUME: it would put the audit trail into a volume without a name where somebody forgot to mount one, and lose it
# with the container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/nodejs/bin/node", "/opt/curfew/healthcheck.js"]
ENTRYPOINT ["/nodejs/bin/node", "/opt/curfew/cli/main.js"]
CMD ["run", "--config", "/etc/curfew/curfew.yaml"]

ARG BASE
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="curfew" \
      org.opencontainers.image.description="Session policies for AWS Client VPN: who must be off the VPN, when, and proof that they are." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
