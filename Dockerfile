# The build needs both bases with their digest, as NAME:TAG@sha256:…, and refuses a base without one. A tag can move to
# other bytes, and a program that terminates sessions must change only on purpose. This file has no digests, because the
# next security fix of Debian would make them out of date. docs/container.md explains how to look up a digest and how to
# check its signature. UNPINNED=allowed accepts tags without digests, for a trial.
ARG BUILDER=docker.io/library/node:24-trixie-slim
ARG BASE=gcr.io/distroless/nodejs24-debian13:nonroot

# Podman removes the images of stages after the build. USER makes this stage an image of its own, so that the base stays.
FROM ${BASE} AS base
USER 65532:65532

FROM ${BUILDER} AS build
ARG BUILDER
ARG BASE
ARG UNPINNED=refused
RUN for image in "$BUILDER" "$BASE"; do \
      case "$UNPINNED $image" in allowed\ * | *@sha256:*) continue ;; esac; \
      echo "the base $image has no digest: pass --build-arg BUILDER=NAME:TAG@sha256:… and BASE likewise, or UNPINNED=allowed" >&2; \
      exit 1; \
    done
WORKDIR /src
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json ./
COPY scripts scripts
COPY src src
COPY --from=base /nodejs/bin/node /base-node
# Every command reads `config/curfew.yaml` by default. The link makes that the mounted file. Code is compiled by the Node that
# will run it.
RUN npm run build -- --without-simulator --joined \
 && install -m 644 LICENSE scripts/image/healthcheck.js scripts/image/load.cjs scripts/image/start.cjs dist/ \
 && echo '{ "type": "module" }' >dist/package.json \
 && node --import tsx scripts/image/compile.ts dist /base-node \
 && ln -s /etc/curfew dist/config \
 && mkdir /data

# The simulator, to try Curfew on: deploy/compose.yaml builds this stage. It is not in the image below.
FROM build AS simulator
RUN npm run build
USER 1000:1000
ENTRYPOINT ["node", "/src/dist/cli/main.js"]

# This stage has no RUN, because the base has no shell. So nothing that a build mounts can remain in it.
FROM ${BASE}
COPY --from=build /src/dist /opt/curfew
# A new named volume inherits the owner of this folder.
COPY --from=build --chown=65532:65532 /data /var/lib/curfew

# A number, because Kubernetes cannot check that a user name is not root.
USER 65532:65532
WORKDIR /opt/curfew
EXPOSE 9464
# No VOLUME: without a mount, it would put the audit trail into an anonymous volume, which is lost with the container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/nodejs/bin/node", "/opt/curfew/healthcheck.js"]
# Node opens a debugger on SIGUSR1, also before Curfew can prevent that. Semi-spaces of up to 32 MB, in which Node puts what is
# new, would be larger than all that Curfew knows of a thousand connections, and save it no time. Neither does an arena of
# glibc for each of Node's threads, which keeps what the thread has freed. Larger blocks are returned at once: without a
# threshold, glibc raises its own with each block that is freed, up to 32 MB.
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=131072
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "--max-semi-space-size=2", "/opt/curfew/start.cjs"]
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
