# A place to grade where the machine itself has no sandbox: macOS, Windows, Linux without user namespaces.
#
#     docker build -t embeddings-course .
#     docker run --rm --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#         --security-opt systempaths=unconfined --memory 8g --pids-limit 1000 \
#         -v "$PWD/build:/course/build" embeddings-course autograder grade hw4
#
# Each submission still runs in a sandbox of its own, which bubblewrap makes inside the container. Docker forbids
# that by default, and each flag allows one part: seccomp and apparmor the namespaces and mounts, systempaths a
# /proc of the sandbox's own. On a Linux host that gives ordinary users no user namespaces, replace the three flags
# by `--user root --cap-add SYS_ADMIN` and the last two of them. `autograder doctor`, the default command, says
# whether the flags suffice. The folder build must be writable for user 1000.
#
# This recipe was written without a Docker engine at hand: neither the build nor the flags have been tried.

FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 instructor \
    && install --directory --owner instructor /course

USER instructor
WORKDIR /course
COPY --chown=instructor . .
RUN make setup
ENV PATH="/course/.venv/bin:$PATH"

CMD ["autograder", "doctor"]
